"""Results by class or by output, averaged over the seeds of each variant; confusion matrices."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.report.inputs import Inputs

_PARTS: Mapping[str, Literal["class", "output"]] = {"per_class": "class", "per_output": "output"}
"""Keys of an evaluation's tables, and how they name their rows."""
_SAMPLES = "samples"


@dataclass(frozen=True)
class Parts:
    """What the evaluations of one variant say of each class, or of each output of a regression."""

    variant: str
    n: int
    """Runs that were averaged."""
    kind: Literal["class", "output"]
    classes: tuple[str, ...]
    """Names, in the order of all that follows."""
    samples: tuple[float, ...]
    """Mean number of samples of each class in the part that was measured; empty of outputs."""
    means: Mapping[str, tuple[float, ...]]
    """Measure (precision, …) → its mean over seeds, a number a class."""
    deviations: Mapping[str, tuple[float | None, ...]]
    """Measure → its standard deviation over seeds, None of one run."""
    confusion: tuple[tuple[float, ...], ...]
    """Share of a true class's samples (row) that was given to each class (column), mean over seeds;
    empty of outputs."""


def class_results(inputs: Inputs) -> list[Parts]:
    """The results of every variant that was measured in several parts, in the study's order."""
    found = []
    for name in inputs.names:
        reports = [run.evaluation for run in inputs.runs if run.variant == name]
        for key in _PARTS:
            tables = [report for report in reports if len(report.get(key, ())) > 1]
            if tables and all(_names(report, key) == _names(tables[0], key) for report in tables):
                found.append(_average(name, key, tables))
    return found


def _names(report: Mapping[str, Any], key: str) -> list[str]:
    return [str(row[_PARTS[key]]) for row in report[key]]


def _average(variant: str, key: str, reports: Sequence[Mapping[str, Any]]) -> Parts:
    kind, names = _PARTS[key], _names(reports[0], key)
    measures = [name for name in reports[0][key][0] if name not in (kind, _SAMPLES)]
    values = {
        measure: [[report[key][place][measure] for report in reports] for place in range(len(names))]
        for measure in measures
    }
    counts = [[row.get(_SAMPLES) for row in report[key]] for report in reports]
    return Parts(
        variant=variant,
        n=len(reports),
        kind=kind,
        classes=tuple(names),
        samples=tuple(map(statistics.fmean, zip(*counts, strict=True))) if None not in counts[0] else (),
        means={name: tuple(map(statistics.fmean, columns)) for name, columns in values.items()},
        deviations={
            name: tuple(statistics.stdev(column) if len(column) > 1 else None for column in columns)
            for name, columns in values.items()
        },
        confusion=_confusion(
            [report["confusion_matrix"] for report in reports if "confusion_matrix" in report]
        ),
    )


def _confusion(matrices: Sequence[Sequence[Sequence[int]]]) -> tuple[tuple[float, ...], ...]:
    """Shares of rows, averaged over the matrices; zeros where a class has no sample."""
    if not matrices:
        return ()
    shares = [[_shares(row) for row in matrix] for matrix in matrices]
    places = range(len(matrices[0]))
    return tuple(
        tuple(statistics.fmean(share[row][column] for share in shares) for column in places) for row in places
    )


def _shares(row: Sequence[int]) -> list[float]:
    total = sum(row)
    return [count / total if total else 0.0 for count in row]
