"""Every key of a study's settings, found in the settings' own classes, and other valid values for it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from assay import components
from assay.settings.base import Settings
from assay.settings.component import Component

Key = tuple[str | int, ...]

POOL: tuple[Any, ...] = (
    *(True, False, None, 1, 2, 3, 5, 0.25, 0.5, 1.5, 1e-4, [1], [3, 3], [0.5], ["one", "two"], ["four"]),
    *("val_accuracy", "train_loss", "max", "min", "run", ",", "four", "values", "own", "copy.csv"),
    *({"0": "was not run"}, {"own": {"training.epochs": 5}}, {"val_accuracy": True}, [2, 4]),
)
"""Values to try where the type alone does not say what is valid."""


def keys(settings: Settings, at: Key = ()) -> Iterator[tuple[Key, Any, Any]]:
    """(key, value, type) of everything that can be set, components' own settings and their parts included."""
    if isinstance(settings, Component):
        yield (*at, "name"), settings.name, settings.group
        parts = dict(settings.parts())
        for name, setting in components.define(settings.group, settings.name).settings.items():
            if name in parts:
                yield from keys(parts[name], (*at, name))
            elif name in settings.settings:
                yield (*at, name), settings.settings[name], setting.annotation
        return
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Settings):
            yield from keys(value, (*at, name))
            continue
        yield (*at, name), value, field.annotation
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, Settings):
                yield from keys(item, (*at, name, index))


def others(value: Any, kind: Any) -> Iterator[Any]:
    """Other values that may be valid, the likeliest first: names of components if `kind` is their group."""
    if isinstance(kind, str):
        yield from (name for name in components.names(kind) if name != value)
        return
    literals = [choice for part in _parts(kind) if get_origin(part) is Literal for choice in get_args(part)]
    match value:
        case bool():
            likely: list[Any] = [not value]
        case int():
            likely = [value + 1, value * 2, value - 1]
        case float():
            likely = [value / 2, value + 0.05, value * 1.5]
        case [] if any(issubclass(item, Component) for item in _classes(kind)):
            [item] = _classes(kind)
            likely = [[name] for name in components.names(item.group)]
        case [Component(), *_]:
            likely = [[], *([item.model_dump()] for item in value)]
        case _:
            likely = []
    yield from (other for other in (*literals, *likely, *POOL) if other != value)


def _parts(kind: Any) -> Iterator[Any]:
    yield kind
    for part in get_args(kind):
        yield from _parts(part)


def _classes(kind: Any) -> list[type[Component]]:
    return [part for part in _parts(kind) if isinstance(part, type) and issubclass(part, Component)]


def with_value(
    content: Mapping[str, Any], key: Key, value: Any, complete: Mapping[str, Any]
) -> dict[str, Any]:
    """Nested settings with one more given: a component that is a text becomes a mapping, a list is completed.

    Args:
        content: what a variant gives.
        key: what to give.
        value: its value.
        complete: the variant's complete settings, as plain data.
    """
    found = copy.deepcopy(dict(content))
    inner: Any = found
    whole: Any = complete
    *way, last = key
    for step, after in zip(way, key[1:], strict=True):
        whole = whole[step]
        if isinstance(after, int):
            inner[step] = copy.deepcopy(whole)
        elif not isinstance(step, int):
            given = inner.get(step, {})
            inner[step] = {"name": given} if isinstance(given, str) else given
        inner = inner[step]
    inner[last] = value
    return found
