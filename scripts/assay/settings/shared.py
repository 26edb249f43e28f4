"""Settings that have much in common: each part is checked once, and what is equal is one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from assay.settings.base import Location, Settings
from assay.settings.component import Component
from assay.settings.validate import validate

S = TypeVar("S", bound=Settings)


class SharedParts:
    """Parts of settings that were checked, by what was given for them."""

    def __init__(self) -> None:
        self._known: dict[tuple[type[Settings], str], Settings | None] = {}

    def validate(self, model: type[S], content: Any) -> tuple[S | None, list[tuple[Location, str]]]:
        """What `assay.settings.validate` returns, with the parts that were checked before."""
        settings = self._checked(model, content)
        return validate(model, content) if settings is None else (settings, [])

    def _checked(self, model: type[S], content: Any) -> S | None:
        """Valid settings whose parts are shared; None if something is wrong."""
        if issubclass(model, Component) or not isinstance(content, Mapping):
            return validate(model, content)[0]
        parts = {name: self._part(kind, content[name]) for name, kind in _kinds(model) if name in content}
        if any(part is None for part in parts.values()):
            return None
        return validate(model, {**content, **parts}, checked=parts)[0]

    def _part(self, model: type[Settings], content: Any) -> Settings | None:
        """The settings of one part, or None; the text of plain data tells all that differ apart."""
        key = (model, repr(content))
        if key not in self._known:
            self._known[key] = self._checked(model, content)
        return self._known[key]


def _kinds(model: type[Settings]) -> list[tuple[str, type[Settings]]]:
    """The fields of settings that are settings themselves, and their classes."""
    found = [(name, field.annotation) for name, field in model.model_fields.items()]
    return [(name, kind) for name, kind in found if isinstance(kind, type) and issubclass(kind, Settings)]
