"""The history of a run: a row of numbers an epoch, the best epoch, nothing that depends on time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.errors import UserError, choose
from assay.settings.training import TrainingSettings


@dataclass
class History:
    """What `history.json` holds. Proportions are fractions; epochs count from 1; NaN is None."""

    settings: TrainingSettings
    seed: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int | None = None
    best_value: float | None = None
    diverged_in: int | None = None
    stopped: str | None = None
    """Why the run ended before its last epoch, if it did."""

    def add(self, row: dict[str, float]) -> bool:
        """Note an epoch; return whether it is the best so far. A loss that is not finite is divergence."""
        epoch, value = int(row["epoch"]), column(row, self.settings.monitor, "training.monitor")
        if not (math.isfinite(row["train_loss"]) and math.isfinite(row["val_loss"])):
            self.diverged_in = epoch
        self.rows.append({key: _finite(value) for key, value in row.items()} | {"epoch": epoch})
        if self.diverged_in is not None or not math.isfinite(value) or not self._improves(value):
            return False
        self.best_epoch, self.best_value = epoch, value
        return True

    @property
    def status(self) -> str:
        """`finished`, or in which epoch the run diverged."""
        return "finished" if self.diverged_in is None else f"diverged in epoch {self.diverged_in}"

    def plain(self) -> dict[str, Any]:
        """The content of `history.json`."""
        return {
            "seed": self.seed,
            "status": self.status,
            "epochs": self.settings.epochs,
            "batch_size": self.settings.batch_size,
            "monitor": self.settings.monitor,
            "mode": self.settings.mode,
            "best_epoch": self.best_epoch,
            "best_value": self.best_value,
            "stopped": self.stopped,
            "history": self.rows,
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Continue the history of a run that was interrupted."""
        self.rows = [dict(row) for row in plain["history"]]
        self.best_epoch, self.best_value = plain["best_epoch"], plain["best_value"]
        self.stopped = plain["stopped"]

    def _improves(self, value: float) -> bool:
        if self.best_value is None:
            return True
        return value < self.best_value if self.settings.mode == "min" else value > self.best_value


def column(row: Mapping[str, Any], name: str, setting: str) -> Any:
    """A value of an epoch's row.

    Raises:
        UserError: the row has no such column; planning knows most of them, but not all.
    """
    if name not in row:
        raise UserError(f"{setting}: {name!r} is no column of the history; {choose(name, row)}")
    return row[name]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
