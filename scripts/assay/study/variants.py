"""The variants of a study before they are merged: names and overrides, grids expanded."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any

from assay.errors import Problem
from assay.settings.study import StudySettings
from assay.yamlfile import Document

MAX_NAME = 120
"""Characters of a variant's name: it is also the name of a folder."""


def expand_variants(
    study: StudySettings, document: Document, problems: list[Problem]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every variant's name → (the key of the file it stands under, its overrides as written)."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}

    def wrong(key: tuple[str, ...], text: str) -> None:
        problems.append(Problem(document.where(key), ".".join(key), text))

    def add(name: str, key: tuple[str, ...], overrides: dict[str, Any]) -> None:
        if name in found:
            wrong(key, f"makes a second variant named {name!r}")
        if not name.strip() or len(name) > MAX_NAME:
            wrong(key, f"a variant's name has 1 to {MAX_NAME} characters; this one has {len(name)}")
        found[name] = (".".join(key), overrides)

    def add_grid(grid: Any, key: tuple[str, ...], prefix: str, overrides: dict[str, Any]) -> None:
        at = key if key == ("grid",) else (*key, "grid")
        if not _is_grid(grid):
            wrong(at, "must map dotted keys to lists of one or more values")
            return
        for twice in grid.keys() & overrides.keys():
            wrong((*at, twice), "is set by the variant itself as well")
        for label, point in combinations(grid):
            add(prefix + label, key, overrides | point)

    for name, written in study.variants.items():
        overrides = dict(written or {})
        key = ("variants", name)
        if "grid" in overrides:
            grid = overrides.pop("grid")
            add_grid(grid, key, f"{name},", overrides)
        else:
            add(name, key, overrides)
    if study.grid:
        add_grid(study.grid, ("grid",), "", {})
    return found


def combinations(grid: Mapping[str, list[Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The product of a grid's values: (label, overrides), the last key varying fastest.

    A label names each key by its last part (`learning_rate=0.01`), by all of it where two keys end alike.
    """
    ends = Counter(key.rsplit(".", 1)[-1] for key in grid)
    short = {key: end if ends[end := key.rsplit(".", 1)[-1]] == 1 else key for key in grid}
    return [
        (
            ",".join(f"{short[key]}={_label(value)}" for key, value in zip(grid, values, strict=True)),
            dict(zip(grid, values, strict=True)),
        )
        for values in itertools.product(*grid.values())
    ]


def _is_grid(grid: Any) -> bool:
    return (
        isinstance(grid, Mapping)
        and bool(grid)
        and all(isinstance(key, str) for key in grid)
        and all(isinstance(values, list) and values for values in grid.values())
    )


def _label(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "-".join(map(_label, value))
    if isinstance(value, Mapping):
        return "+".join(f"{key}={_label(item)}" for key, item in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
