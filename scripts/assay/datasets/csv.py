"""A table of the user's in a CSV file, one row a sample."""

from __future__ import annotations

import csv as reader
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from assay.data.samples import InputFile, Samples, Targets
from assay.data.table import check_columns, from_table, target_columns
from assay.errors import SettingError, UserError


def csv(
    *,
    path: InputFile,
    target: str | Sequence[str],
    targets: Literal["classes", "values"] = "classes",
    features: list[str] | None = None,
    group: str | None = None,
    separator: str = ",",
) -> Samples:
    """Read the table.

    Args:
        path: the file, relative to the data folder; its first line names the columns.
        target: column of the classes; of the values to predict, a column or a list of them.
        targets: what the target is: the class of each sample, or measured values (for regression).
        features: columns that the model sees; all others that are neither target nor group if None.
        group: column of what must not be divided between training and test, such as a patient.
        separator: what stands between the columns.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, sep=separator, index_col=False)
        # labels are what the file says: `NA` and `None` are names there, not missing values
        text = pd.read_csv(path, sep=separator, index_col=False, dtype=str, keep_default_na=False)
        labels = target_columns(target) if targets == "classes" else []
        for column in (*labels, group):
            if column in table.columns:
                table[column] = text[column]
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is not a CSV table: {error}") from error
    return from_table(table, path, target, targets, features, group)


def check(
    *,
    path: str,
    target: str | Sequence[str],
    targets: Targets,
    features: list[str] | None,
    group: str | None,
    separator: str,
) -> None:
    """Refuse a file without the columns that are named, or with text where values should be."""
    if len(separator) != 1:
        raise SettingError("separator", f"must be one character, not {separator!r}")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = reader.reader(file, delimiter=separator)
            columns = next(lines, [])
            first = next(lines, [])
    except UnicodeDecodeError as error:
        raise SettingError("path", f"{Path(path).name} is not UTF-8 text") from error
    if not first:
        raise SettingError("path", f"{Path(path).name} has no row below its first line")
    if len(first) != len(columns):
        counts = f"{len(columns)} columns in its first line, but its first row has {len(first)}"
        raise SettingError("path", f"{Path(path).name} names {counts}")
    check_columns(path, columns, target, targets, features, group)
    for name in target_columns(target) if targets == "values" else []:
        found = first[columns.index(name)]
        try:
            float(found)
        except ValueError as error:
            text = f"{name!r} is {found!r} in the first row; `targets: values` needs numbers"
            raise SettingError("target", text) from error
