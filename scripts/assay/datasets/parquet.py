"""A table of the user's in a Parquet file, one row a sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from assay.data.samples import InputFile, Samples, Targets
from assay.data.table import check_columns, from_table
from assay.errors import SettingError


def parquet(
    *,
    path: InputFile,
    target: str | Sequence[str],
    targets: Literal["classes", "values"] = "classes",
    features: list[str] | None = None,
    group: str | None = None,
) -> Samples:
    """Read the table; the settings are those of `csv`."""
    import pandas as pd

    return from_table(pd.read_parquet(path), path, target, targets, features, group)


def check(
    *,
    path: str,
    target: str | Sequence[str],
    targets: Targets,
    features: list[str] | None,
    group: str | None,
) -> None:
    """Refuse a file without the columns that are named."""
    import pyarrow
    from pyarrow import parquet as format

    try:
        columns = format.read_schema(path).names
    except pyarrow.ArrowInvalid as error:
        raise SettingError("path", f"{Path(path).name} is not a Parquet file") from error
    check_columns(path, columns, target, targets, features, group)
