"""`metrics.csv`: a row an epoch and part of the data, with its time, throughput and peak memory."""

from __future__ import annotations

import csv
import io
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from assay.store import append, write_atomically
from assay.training.watch import Setup, Watch

if TYPE_CHECKING:
    from assay.training.history import History


_FIXED = ("epoch", "split", "seconds", "samples_per_second", "peak_memory_mb")


class Timing(Watch):
    """Adds an epoch's rows at its end. A run that is continued keeps the rows of the epochs before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epoch, self.since = 1, time.perf_counter()
        self.rows: list[dict[str, Any]] = []
        self.columns: list[str] = []

    def on_start(self, setup: Setup) -> None:
        """Start the table, or cut it where the run continues."""
        self.epoch = setup.run.epoch
        self.columns, rows = _read(self.path) if setup.resumed else ([], [])
        if self.columns:
            self._write([row for row in rows if row["epoch"].isdigit() and int(row["epoch"]) < self.epoch])
        self.since = time.perf_counter()

    def on_part_end(self, part: str, metrics: Mapping[str, float], samples: int) -> None:
        """Note a row."""
        seconds = time.perf_counter() - self.since
        self.rows.append(
            {"epoch": self.epoch, "split": part, **metrics}
            | {"seconds": f"{seconds:.4f}", "samples_per_second": f"{samples / max(seconds, 1e-9):.0f}"}
            | {"peak_memory_mb": f"{_peak_memory():.0f}"}
        )
        self.since = time.perf_counter()

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """Add the epoch's rows."""
        if self.columns:
            append(self.path, self._text(self.rows))
        else:  # which metrics there are is known from the first epoch
            metrics = {name: None for row in reversed(self.rows) for name in row if name not in _FIXED}
            self.columns = [*_FIXED[:2], *metrics, *_FIXED[2:]]
            self._write(self.rows)
        self.rows, self.epoch = [], self.epoch + 1

    def _write(self, rows: list[dict[str, Any]]) -> None:
        write_atomically(self.path, self._text([dict(zip(self.columns, self.columns, strict=True)), *rows]))

    def _text(self, rows: list[dict[str, Any]]) -> str:
        text = io.StringIO()
        csv.DictWriter(text, self.columns, extrasaction="ignore", lineterminator="\n").writerows(rows)
        return text.getvalue()


def _read(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """Columns and whole rows of a table that a killed process may have left half written."""
    if not path.exists():
        return [], []
    with path.open(newline="") as file:
        table = csv.DictReader(file)
        rows = [row for row in table if None not in row.values()]
        return list(table.fieldnames or []), rows


def _peak_memory() -> float:
    """Largest memory of the GPU if one is used, else of the process, in MB."""
    if torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
