"""Reading what several data sets gave: tables of runs with a column `dataset`, or a table a data set.

dataset,variant,seed,metric,value
digits,plain,0,accuracy,0.93
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from assay.errors import UserError
from assay.results.runs_table import RunsTable, read_runs, read_tables

COLUMN = "dataset"


def read_datasets(paths: Sequence[Path]) -> dict[str, RunsTable]:
    """Data set → its runs, in the order of the files and of their rows.

    A file with a column `dataset` holds several; one without is a data set, named as the file is.

    Raises:
        UserError: a file is not valid, two hold the same data set, or the only one has no column `dataset`.
    """
    found: dict[str, RunsTable] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        if COLUMN in _columns(path):
            tables = read_tables(path, COLUMN)
        elif len(paths) == 1:
            raise UserError(
                f"{path}: must have a column {COLUMN!r}, or be one of several files, each a data set"
            )
        else:
            tables = {path.stem: read_runs(path)}
        for name, table in tables.items():
            if name in found:
                raise UserError(f"{origin[name]} and {path}: both hold data set {name!r}; rename one")
            found[name], origin[name] = table, path
    return found


def _columns(path: Path) -> list[str]:
    """The names in a table's first row; none if it is not a table, which `read_runs` says better."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
