"""The variants of a study before they are merged: names and overrides, grids expanded."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any

from assay.errors import Problem
from assay.settings.study import StudySettings


def expand_variants(
    study: StudySettings, where: str, problems: list[Problem]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every variant's name → (the key of the file it stands under, its overrides as written)."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}

    def add(name: str, key: str, overrides: dict[str, Any]) -> None:
        if name in found:
            problems.append(Problem(where, key, f"makes a second variant named {name!r}"))
        found[name] = (key, overrides)

    for name, written in study.variants.items():
        overrides = dict(written or {})
        grid = overrides.pop("grid", None)
        key = f"variants.{name}"
        if not name.strip() or len(name) > 120:
            problems.append(Problem(where, key, "a variant's name has 1 to 120 characters"))
        if grid is None:
            add(name, key, overrides)
        elif not _is_grid(grid):
            problems.append(
                Problem(where, f"{key}.grid", "must map dotted keys to lists of one or more values")
            )
        else:
            for label, point in combinations(grid):
                add(f"{name},{label}", key, overrides | point)
    if not _is_grid(study.grid) and study.grid:
        problems.append(Problem(where, "grid", "must map dotted keys to lists of one or more values"))
    elif study.grid:
        for label, point in combinations(study.grid):
            add(label, "grid", point)
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
        and all(isinstance(values, list) and values for values in grid.values())
    )


def _label(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "-".join(map(_label, value))
    if isinstance(value, Mapping):
        return "+".join(f"{key}={_label(item)}" for key, item in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
