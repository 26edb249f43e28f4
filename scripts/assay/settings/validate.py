"""Content checked against settings, components included; what is wrong, in a user's words."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from assay import components
from assay.errors import SettingError, UserError, choose
from assay.settings.base import Location, Settings, shown
from assay.settings.component import Component

S = TypeVar("S", bound=Settings)


def validate(
    model: type[S], content: Any, checked: Collection[str] = ()
) -> tuple[S | None, list[tuple[Location, str]]]:
    """Check content against settings, components included.

    Args:
        model: the settings' class.
        content: what is given.
        checked: keys whose values are settings that were checked before, and stay the objects that they are.

    Returns:
        The settings with every default filled in, or None; and what is wrong: (location, text).
    """
    try:
        settings = model.model_validate(content)
    except ValidationError as error:
        return None, list(explain(error, model))
    problems: list[tuple[Location, str]] = []
    resolved = _resolve(settings, (), problems, checked)
    return (None, problems) if problems else (resolved, problems)


def _resolve(
    settings: Any, at: Location, problems: list[tuple[Location, str]], checked: Collection[str] = ()
) -> Any:
    """Resolve settings that are a component, or every component below them, noting what is wrong."""
    if isinstance(settings, Component):
        return _resolve_component(settings, at, problems)
    changed: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name in checked:
            continue
        if isinstance(value, Settings):
            changed[name] = _resolve(value, (*at, name), problems)
        elif isinstance(value, list) and value and isinstance(value[0], Component):
            changed[name] = [
                _resolve_component(item, (*at, name, index), problems) for index, item in enumerate(value)
            ]
    return settings.model_copy(update=changed) if changed else settings


def _resolve_component(component: Component, at: Location, problems: list[tuple[Location, str]]) -> Component:
    """Resolve a component and those that are its settings, noting what is wrong."""
    try:
        component = component.with_present_names()
        parts = dict(component.parts())
    except UserError as error:
        problems.append(((*at, "name"), str(error)))
        return component
    except ValidationError as error:
        problems.append((at, f"{component.name}: {error.errors()[0]['msg']}"))
        return component
    except ValueError as error:
        problems.append((at, f"{component.name}: {error}"))
        return component
    inner = {name: _resolve_component(part, (*at, name), problems) for name, part in parts.items()}
    component = component.with_settings({name: part.model_dump() for name, part in inner.items()})
    try:
        return component.resolved()
    except SettingError as error:
        problems.append(((*at, error.key), f"{component.name}: {error.text}"))
    except UserError as error:
        problems.append(((*at, "name"), str(error)))
    except ValidationError as error:
        texts: dict[Location, list[str]] = {}
        for where, text in explain(error, component):
            texts.setdefault(where, []).append(text)
        problems.extend(
            ((*at, *where), f"{component.name}: {' or '.join(told)}")  # parts of a union
            for where, told in texts.items()
        )
    return component


_WORDS = {"Input should be": "must be", "dictionary": "mapping", "array": "list", "valid tuple": "list"}
"""Terms of pydantic's, and what a user of YAML calls them."""


def explain(error: ValidationError, model: type[Settings] | Component) -> Iterator[tuple[Location, str]]:
    """Each error of pydantic's in a user's words, with the nearest valid choice."""
    for item in error.errors(include_url=False):
        where, kind, given = _location(item["loc"], model), item["type"], item["input"]
        if kind in ("model_type", "model_attributes_type"):
            yield where, f"must be a mapping of settings, not {shown(given)}"
        elif "[key]" in item["loc"] or kind == "invalid_key":
            yield where[:-1], f"a key must be text; put it in quotes: '{given}'"
        elif kind == "extra_forbidden":
            valid = _keys(model, where[:-1])
            yield where, f"unknown key; {choose(where[-1], valid, 'key')}"
        elif kind == "missing":
            yield where, "is missing"
        elif kind == "literal_error":
            valid = item["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            yield where, f"{given!r} is not valid; {choose(given, valid)}"
        elif kind in ("finite_number", "float_type") and _is_nan(given):
            yield where, f"{given!r} is not a finite number"
        else:
            text = item["msg"].removeprefix("Value error, ")
            for term, word in _WORDS.items():
                text = text.replace(term, word)
            yield where, text if kind == "value_error" else f"{text}, not {shown(given)}"


def _location(at: Location, model: type[Settings] | Component) -> Location:
    """Where an error is, without pydantic's marks for the parts of a union."""
    at = tuple(step for step in at if step != "[key]")
    if isinstance(model, Component):
        return at[:1]
    unions = ("name", "settings")
    return at[:1] + at[2:] if at[:1] == ("machine",) and at[1:2] and at[1] in unions else at


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _keys(model: type[Settings] | Component, at: Location) -> list[str]:
    """The keys that are valid at a location of a settings model."""
    if isinstance(model, Component):
        return ["name", *components.define(model.group, model.name).settings]
    kind: Any = model
    for step in at:
        field = kind.model_fields.get(step) if hasattr(kind, "model_fields") else None
        kinds = [] if field is None else [field.annotation, *get_args(field.annotation)]
        kinds = [part for kind in kinds for part in (kind, *get_args(kind))]
        kind = next((part for part in kinds if hasattr(part, "model_fields")), None)
    return list(kind.model_fields) if hasattr(kind, "model_fields") else []
