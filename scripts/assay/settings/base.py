"""What all settings share: unknown keys refused, no silent conversions, one identifying form.

The form of released settings never changes, so that results keep their addresses. A new key is optional and
left out at its default; a default never changes; a key gets another name by RENAMED and goes by RETIRED.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from assay.canonical import canonical_json

Location = tuple[str | int, ...]
"""Where a setting is: the keys that lead to it."""


class Strict(BaseModel):
    """Fields that take what they say and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Settings(Strict):
    """A group of settings."""

    RENAMED: ClassVar[Mapping[str, str]] = {}
    """Key → the name that it was introduced with, under which studies may still give it."""
    RETIRED: ClassVar[Mapping[str, Any]] = {}
    """Key that there is no more → the default that it had, the only value that studies may still give it."""

    @model_validator(mode="before")
    @classmethod
    def _present_names(cls, value: Any) -> Any:
        return present_names(value, cls.RENAMED, cls.RETIRED) if isinstance(value, Mapping) else value

    def identifying(self) -> dict[str, Any]:
        """What of the settings decides bytes: fields that differ from their defaults, as first named."""
        found: dict[str, Any] = {}
        for name, required, default in _fields(type(self)):
            value = _identity(getattr(self, name))
            if required or not is_same(value, default):
                found[self.RENAMED.get(name, name)] = value
        return found


def present_names(
    content: Mapping[str, Any], renamed: Mapping[str, str], retired: Mapping[str, Any]
) -> dict[str, Any]:
    """Settings as a study or a recipe of any released version gives them, with the keys of this version.

    Args:
        content: key → value.
        renamed: key → the name that it was introduced with.
        retired: key that there is no more → its default.

    Raises:
        ValueError: a key is given by both its names, or a retired one has another value than its default.
    """
    found = dict(content)
    for name, old in renamed.items():
        if old in found and name in found:
            raise ValueError(f"{old!r} is now called {name!r}, and both are given; keep {name!r}")
        if old in found:
            found[name] = found.pop(old)
    for key, default in retired.items():
        if key in found and canonical_json(value := found.pop(key)) != canonical_json(default):
            raise ValueError(
                f"{key!r} is no key any more, and {shown(value)} was not its default; "
                "for such results, use the version of Assay that they were made with"
            )
    return found


def is_same(one: Any, other: Any) -> bool:
    """Whether two values have one canonical form."""
    if type(one) is not type(other):
        return canonical_json(one) == canonical_json(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)


@functools.cache
def _fields(settings: type[Settings]) -> tuple[tuple[str, bool, Any], ...]:
    """Name of each field, whether it is required, and what of its default decides bytes.

    That of a component does not change with the component's code: a default names it and no more.
    """
    fields = settings.model_fields.items()
    return tuple((name, field.is_required(), _identity(field.default)) for name, field in fields)


def _identity(value: Any) -> Any:
    if isinstance(value, list):
        return [_identity(item) for item in value]
    return value.identifying() if isinstance(value, Settings) else value


def either(text: str) -> WrapValidator:
    """A validator for a union of types that says in one sentence what is valid."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise ValueError(f"must be {text}, not {shown(value)}") from error

    return WrapValidator(check)


def shown(value: Any) -> str:
    """A value as a user wrote it, short."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
