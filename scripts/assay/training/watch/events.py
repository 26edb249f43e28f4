"""`events.jsonl`: a line of JSON for each thing that happens, with the time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.store import append
from assay.training.watch import Setup, Watch

if TYPE_CHECKING:
    from assay.training.history import History


class Events(Watch):
    """Appends to a file; each line is whole when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started = time.time()

    def on_start(self, setup: Setup) -> None:
        """`on_start` with the number of epochs, or `on_resume` with where the run continues."""
        self.started = time.time()
        run = setup.run
        facts = {"seed": run.seed, "total_epochs": run.settings.training.epochs, "device": str(run.device)}
        if setup.resumed:
            self._write("on_resume", **facts, epoch=run.epoch, step=run.step)
        else:
            self._write("on_start", **facts)

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """`on_epoch_end` with the epoch's row."""
        row = history.rows[-1]
        self._write("on_epoch_end", total_epochs=history.settings.epochs, best=improved, **row)

    def on_train_end(self, history: History) -> None:
        """`on_train_end` with the best epoch."""
        best = {"best_epoch": history.best_epoch, "best_value": history.best_value}
        self._write("on_train_end", status=history.status, **best)

    def on_interrupt(self, message: str) -> None:
        """`on_interrupt` with what was said."""
        self._write("on_interrupt", message=message)

    def on_exception(self, error: BaseException) -> None:
        """`on_exception` with the exception's type and text."""
        self._write("on_exception", error=type(error).__name__, message=str(error))

    def _write(self, event: str, **facts: Any) -> None:
        now = time.time()
        line = {"event": event, "time": round(now, 3), "elapsed": round(now - self.started, 3)}
        append(self.path, json.dumps(line | facts) + "\n")
