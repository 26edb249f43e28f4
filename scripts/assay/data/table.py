"""Samples from a table of the user's: a target column, feature columns, perhaps a group column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.data.samples import Samples, from_labels
from assay.errors import SettingError, UserError, choose

if TYPE_CHECKING:
    import pandas as pd


def check_columns(
    path: str,
    columns: Sequence[str],
    target: str,
    features: Sequence[str] | None,
    group: str | None,
) -> None:
    """Refuse a table that lacks a column that the study names.

    Raises:
        UserError: names the file, the column and the nearest one there is.
    """
    if twice := sorted({name for name in columns if list(columns).count(name) > 1}):
        raise SettingError("path", f"{Path(path).name} has two columns named {twice[0]!r}")
    wanted = {"target": [target], "features": features or [], "group": [group] if group else []}
    for setting, names in wanted.items():
        for name in names:
            if name not in columns:
                raise SettingError(
                    setting, f"{Path(path).name} has no column {name!r}; {choose(name, columns)}"
                )
    if features is not None and {target, group} & set(features):
        seen = target if target in features else group
        raise SettingError("features", f"{seen!r} is the target or the group; a model must not see it")
    if features is not None and (not features or len(set(features)) < len(features)):
        raise SettingError("features", "must name at least one column, and each once")
    if group == target:
        raise SettingError("group", f"{group!r} is the target: each class would stand in one part only")


def from_table(
    table: pd.DataFrame,
    path: str,
    target: str,
    features: Sequence[str] | None,
    group: str | None,
) -> Samples:
    """Samples of a table: every numeric column but target and group, or the named `features`.

    Raises:
        UserError: a column is missing or not numeric, or a value is missing.
    """
    check_columns(path, list(table.columns), target, features, group)
    chosen = list(features) if features else [c for c in table.columns if c not in (target, group)]
    for column in chosen:
        if table[column].dtype.kind not in "biuf":
            raise UserError(
                f"{path}: column {column!r} is not numeric; "
                "name the columns to use in `features`, or encode it as numbers"
            )
    for column in filter(None, (target, group)):
        if table[column].isna().any() or (table[column] == "").any():
            raise UserError(f"{path}: column {column!r} has missing values")
    labels = table[target].to_numpy()
    if labels.dtype.kind not in "biuf":
        labels = _numbers(labels.astype(str))
    groups = None if group is None else table[group].astype(str).to_numpy().astype(str)
    return from_labels(table[chosen].to_numpy(dtype=np.float64), labels, path, groups)


def _numbers(labels: np.ndarray) -> np.ndarray:
    """Labels as numbers if all of them are, so that classes 2 and 10 are in that order."""
    try:
        return labels.astype(np.float64)
    except ValueError:
        return labels
