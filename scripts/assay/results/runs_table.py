"""Reading a tidy table of runs: a CSV file with a row for each variant, seed and metric.

    variant,seed,metric,value,status
    plain,0,accuracy,0.93,finished
    plain,1,,,diverged in epoch 3

`status` may be left out; other columns are ignored. Everything is read as text, so a variant may be
called `NA` or `1`. Seeds are integers, or any other label.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assay.errors import UserError, choose
from assay.notation import Scale
from assay.statistics.paired import Seed, is_usable, seed_order

COLUMNS = ("variant", "seed", "metric", "value")
NO_VALUE = ("", "na", "n/a", "none", "null")
_INTEGER = re.compile(r"([+-]?\d{1,30})(\.0*)?")  # a seed that pandas made a float is still an integer


@dataclass(frozen=True)
class Run:
    """What the table says about one run."""

    values: dict[str, float | None] = field(default_factory=dict)
    """Metric → value, None where the cell is empty; NaN and infinities as they are."""
    statuses: set[str] = field(default_factory=set)
    """What is said of it beyond "finished"."""

    def missing(self, metric: str) -> str:
        """Why the run has no usable value of a metric; empty if it has one."""
        value = self.values.get(metric)
        if is_usable(value):
            return ""
        if self.statuses:
            return ", ".join(sorted(self.statuses))
        return f"no {metric}" if value is None else f"{metric} is {value:g}"


@dataclass(frozen=True)
class RunsTable:
    """All runs of a table."""

    runs: dict[str, dict[Seed, Run]]
    """Variant → seed → run; variants in the order of the table."""
    metrics: list[str]
    """Every metric, in the order of the table."""

    def values(self, variant: str, metric: str) -> dict[Seed, float | None]:
        """Seed → value of a metric, for every run of a variant."""
        return {seed: run.values.get(metric) for seed, run in self.runs[variant].items()}

    def usable(self, variant: str, metric: str) -> list[float]:
        """The usable values of a variant's runs, in the order of the seeds."""
        values = sorted(self.values(variant, metric).items(), key=lambda item: seed_order(item[0]))
        return [value for _, value in values if is_usable(value)]

    def scale(self, metric: str) -> Scale:
        """How a metric is written."""
        return Scale.by_name(metric, [value for name in self.runs for value in self.usable(name, metric)])

    @property
    def seeds(self) -> set[Seed]:
        """Every seed that any variant was given, finished or not."""
        return {seed for runs in self.runs.values() for seed in runs}

    def missing(self, variant: str, seed: Seed, metric: str) -> str:
        """Why a seed of a variant has no usable value of a metric; empty if it has one."""
        run = self.runs[variant].get(seed)
        return "no run with this seed" if run is None else run.missing(metric)


def read_runs(path: Path) -> RunsTable:
    """Read a table of runs.

    Raises:
        UserError: the file cannot be read, a column is missing, a value is no number, or a
            (variant, seed, metric) stands in it twice.
    """
    return read_tables(path)[""]


def read_tables(path: Path, datasets: str = "") -> dict[str, RunsTable]:
    """Read the tables that a file holds.

    Args:
        path: of the file.
        datasets: the column that names each row's data set; without one, the file is one table, named "".

    Raises:
        UserError: as `read_runs`, or a row names no data set.
    """
    found: dict[str, RunsTable] = {}
    lines: dict[tuple[str, str, Seed, str], int] = {}
    for line, row in _rows(path):
        where = f"{path}: line {line}"
        name, variant, metric = row.get(datasets, ""), row["variant"], row["metric"].strip()
        if datasets and not name.strip():
            raise UserError(f"{where}: {datasets}: is empty")
        seed, value = _seed(row["seed"].strip(), where), _value(row["value"].strip(), where)
        first = lines.setdefault((name, variant, seed, metric), line)
        if first != line:
            of = f"data set {name!r}, " if datasets else ""
            named = metric or "a row without a metric"
            raise UserError(
                f"{path}: {of}variant {variant!r}, seed {seed}: {named} stands twice, "
                f"in lines {first} and {line}"
            )
        table = found.setdefault(name, RunsTable({}, []))
        run = table.runs.setdefault(variant, {}).setdefault(seed, Run())
        if metric:
            run.values[metric] = value
            if metric not in table.metrics:
                table.metrics.append(metric)
        if (status := row.get("status", "").strip()) not in ("", "finished"):
            run.statuses.add(status)
    if not found:
        raise UserError(f"{path}: holds no run")
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, column → cell) of each row.

    Raises:
        UserError: the file cannot be read, is no CSV file, or lacks one of COLUMNS.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = [name.strip() for name in next(reader, [])]
            for name in COLUMNS:
                if columns.count(name) != 1:
                    raise UserError(
                        f"{path}: must have one column {name!r}; its columns are: {', '.join(columns)}"
                    )
            for cells in reader:
                if cells and len(cells) != len(columns):
                    raise UserError(
                        f"{path}: line {reader.line_num}: has {len(cells)} cells, not {len(columns)}"
                    )
                if cells:
                    yield reader.line_num, dict(zip(columns, cells, strict=True))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is not a CSV file in UTF-8: {error}") from error


def _seed(text: str, where: str) -> Seed:
    """A seed as a number where it is one; `where` names the cell in the error for an empty one."""
    if not text:
        raise UserError(f"{where}: seed: is empty")
    integer = _INTEGER.fullmatch(text)
    return int(integer[1]) if integer else text


def _value(text: str, where: str) -> float | None:
    """A value, None for an empty cell; `where` names the cell in the error for what is no number."""
    if text.lower() in NO_VALUE:
        return None
    try:
        if "_" in text:
            raise ValueError
        return float(text)
    except ValueError as error:
        raise UserError(f"{where}: value: {text!r} is not a number") from error


def require_choice(path: Path, key: str, value: str, choices: list[str]) -> None:
    """Refuse a variant or metric that the table does not hold.

    Raises:
        UserError: names the nearest that it does hold.
    """
    if value not in choices:
        raise UserError(f"{path}: {key}: {value!r} is not in the table; {choose(value, choices, key)}")
