"""What single runs left behind beyond their metrics: what it cost to train them, and results by class.

Costs were measured while a run was trained, on whatever machine it was: they are in no digest, and where a
run's folder or file is gone, there is none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.finished import is_finished, read_receipt, read_verified_json

COSTS = "metrics.csv"
_COLUMNS = ("epoch", "split", "seconds", "samples_per_second", "peak_memory_mb")


@dataclass(frozen=True)
class RunCost:
    """What it took to train one run."""

    seconds: float
    """All epochs, training and validation."""
    samples_per_second: float | None
    """While training."""
    peak_memory: float | None
    """MB, of the process, or of the GPU where one was used."""
    epochs: int
    """That were trained."""


def cost(folder: Path) -> RunCost | None:
    """The cost of a run; None where nothing is recorded that can be read."""
    try:
        with (folder / COSTS).open(encoding="utf-8", newline="") as file:
            rows = list(_rows(csv.reader(file)))
    except (OSError, ValueError, csv.Error):
        return None
    if not rows:
        return None
    training = [(seconds, rate) for _, part, seconds, rate, _ in rows if part == "train"]
    trained = sum(seconds for seconds, _ in training)
    return RunCost(
        seconds=sum(row[2] for row in rows),
        samples_per_second=sum(s * rate for s, rate in training) / trained if trained else None,
        peak_memory=max(row[4] for row in rows),
        epochs=len({row[0] for row in rows}),
    )


def evaluation(folder: Path) -> Mapping[str, Any]:
    """What the evaluation of a run says, as in its `metrics.json`; empty if the run has none.

    Raises:
        UserError: the file is there, and is damaged.
    """
    if not is_finished(folder) or read_receipt(folder)["status"] != "finished":
        return {}
    found = read_verified_json(folder, "metrics.json")
    return found if isinstance(found, dict) else {}


def _rows(table: Iterator[list[str]]) -> Iterator[tuple[int, str, float, float, float]]:
    """Epoch, part, seconds, samples a second and peak memory of each whole row.

    Raises:
        ValueError: a column is missing.
    """
    header = next(table, [])
    epoch, part, seconds, rate, memory = (header.index(name) for name in _COLUMNS)
    for row in table:
        if len(row) == len(header):
            yield int(row[epoch]), row[part], float(row[seconds]), float(row[rate]), float(row[memory])
