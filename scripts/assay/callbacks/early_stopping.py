"""End a run that does not get better any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from assay.callbacks import Callback
from assay.training.history import column

if TYPE_CHECKING:
    from assay.training.state import Run


class EarlyStopping(Callback):
    """Stop after `patience` epochs without an improvement of more than `min_delta`.

    Args:
        monitor: column of the history; the run's own `training.monitor` unless given.
        mode: whether less or more of it is better; the run's own unless given.
        patience: epochs to wait.
        min_delta: what counts as an improvement.
    """

    def __init__(
        self,
        *,
        monitor: str | None = None,
        mode: Literal["min", "max"] | None = None,
        patience: int = 10,
        min_delta: float = 1e-4,
    ) -> None:
        if patience < 1 or min_delta < 0:
            raise ValueError("patience must be at least 1, min_delta at least 0")
        if (monitor is None) != (mode is None):
            raise ValueError("give monitor and mode together, or neither")
        self.monitor, self.mode, self.patience, self.min_delta = monitor, mode, patience, min_delta
        self.best: float | None = None
        self.waited = 0

    def on_epoch_end(self, run: Run) -> None:
        """Compare with the best value so far."""
        training, row = run.settings.training, run.history.rows[-1]
        monitor, mode = self.monitor or training.monitor, self.mode or training.mode
        value, sign = column(row, monitor, "early_stopping.monitor"), 1 if mode == "min" else -1
        if value is not None and (self.best is None or (self.best - value) * sign > self.min_delta):
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            run.stop(f"early stopping: {monitor} did not improve for {self.patience} epochs")

    def state_dict(self) -> dict[str, Any]:
        """The best value and the epochs since."""
        return {"best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue to wait."""
        self.best, self.waited = state["best"], state["waited"]
