"""`metrics.csv`: a row an epoch and part of the data, with its time, throughput and peak memory."""

from __future__ import annotations

import csv
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from assay.training.watch import Setup, Watch

if TYPE_CHECKING:
    from assay.training.history import History


class Timing(Watch):
    """Writes the table anew at each epoch's end, a line at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epoch, self.since = 1, time.perf_counter()
        self.names: list[str] = []

    def on_start(self, setup: Setup) -> None:
        """Start the table."""
        self.names = list(setup.task.metrics)
        columns = ["epoch", "split", *self.names, "seconds", "samples_per_second", "peak_memory_mb"]
        with self.path.open("w", newline="") as file:
            csv.writer(file).writerow(columns)
        self.since = time.perf_counter()

    def on_part_end(self, part: str, metrics: Mapping[str, float], samples: int) -> None:
        """Add a row."""
        now = time.perf_counter()
        seconds = now - self.since
        row: list[Any] = [self.epoch, part, *(metrics.get(name, "") for name in self.names)]
        row += [f"{seconds:.4f}", f"{samples / max(seconds, 1e-9):.0f}", f"{_peak_memory():.0f}"]
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow(row)
        self.since = time.perf_counter()

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """Count."""
        self.epoch += 1


def _peak_memory() -> float:
    """Largest memory of the GPU if one is used, else of the process, in MB."""
    if torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
