"""Samples from a table of the user's: target columns, feature columns, perhaps a group column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.data.samples import Samples, Targets, from_labels, from_values
from assay.errors import SettingError, UserError, choose

if TYPE_CHECKING:
    import pandas as pd


def target_columns(target: str | Sequence[str]) -> list[str]:
    """The names of the target columns, whether the setting is one name or a list."""
    return [target] if isinstance(target, str) else list(target)


def check_columns(
    path: str,
    columns: Sequence[str],
    target: str | Sequence[str],
    targets: Targets,
    features: Sequence[str] | None,
    group: str | None,
) -> None:
    """Refuse a table that lacks a column that the study names, or settings that contradict each other.

    Raises:
        UserError: names the file, the column and the nearest one there is.
    """
    if twice := sorted({name for name in columns if list(columns).count(name) > 1}):
        raise SettingError("path", f"{Path(path).name} has two columns named {twice[0]!r}")
    predicted = target_columns(target)
    if not isinstance(target, str) and targets == "classes":
        raise SettingError("target", "a list of columns is for `targets: values`; classes are one column")
    if not predicted or len(set(predicted)) < len(predicted):
        raise SettingError("target", "must name at least one column, and each once")
    wanted = {"target": predicted, "features": features or [], "group": [group] if group else []}
    for setting, names in wanted.items():
        for name in names:
            if name not in columns:
                raise SettingError(
                    setting, f"{Path(path).name} has no column {name!r}; {choose(name, columns)}"
                )
    if seen := [name for name in features or [] if name in (*predicted, group)]:
        raise SettingError("features", f"{seen[0]!r} is the target or the group; a model must not see it")
    if features is not None and (not features or len(set(features)) < len(features)):
        raise SettingError("features", "must name at least one column, and each once")
    if group in predicted:
        what = "class" if targets == "classes" else "value"
        raise SettingError("group", f"{group!r} is the target: each {what} would stand in one part only")


def from_table(
    table: pd.DataFrame,
    path: str,
    target: str | Sequence[str],
    targets: Targets,
    features: Sequence[str] | None,
    group: str | None,
) -> Samples:
    """Samples of a table: every numeric column but targets and group, or the named `features`.

    Raises:
        UserError: a column is missing or not numeric, or a value is missing.
    """
    check_columns(path, list(table.columns), target, targets, features, group)
    predicted = target_columns(target)
    chosen = list(features) if features else [c for c in table.columns if c not in (*predicted, group)]
    for column in chosen:
        if table[column].dtype.kind not in "biuf":
            raise UserError(
                f"{path}: column {column!r} is not numeric; "
                "name the columns to use in `features`, or encode it as numbers"
            )
    named = [*(predicted if targets == "classes" else []), *([group] if group else [])]
    for column in named:
        if table[column].isna().any() or (table[column] == "").any():
            raise UserError(f"{path}: column {column!r} has missing values")
    groups = None if group is None else table[group].astype(str).to_numpy().astype(str)
    inputs = table[chosen].to_numpy(dtype=np.float64)
    if targets == "classes":
        labels = table[predicted[0]].to_numpy()
        if labels.dtype.kind not in "biuf":
            labels = _numbers(labels.astype(str))
        return from_labels(inputs, labels, path, groups)
    for column in predicted:
        _require_numbers(table[column], path)
    values = table[predicted].to_numpy(dtype=np.float64)
    return from_values(inputs, values[:, 0] if len(predicted) == 1 else values, predicted, path, groups)


def _require_numbers(column: pd.Series, path: str) -> None:
    """Refuse a target column that is not numbers, naming the first cell; missing ones come later."""
    import pandas as pd

    if column.dtype.kind in "iuf":
        return
    wrong = np.flatnonzero(pd.to_numeric(column, errors="coerce").isna() & column.notna())
    first = f": {column.iloc[wrong[0]]!r} in sample {wrong[0]}, counted from 0" if len(wrong) else ""
    raise UserError(f"{path}: column {column.name!r} is not numeric, which `targets: values` needs{first}")


def _numbers(labels: np.ndarray) -> np.ndarray:
    """Labels as numbers if all of them are, so that classes 2 and 10 are in that order."""
    try:
        return labels.astype(np.float64)
    except ValueError:
        return labels
