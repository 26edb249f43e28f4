"""The log of a run: what it starts from, a line an epoch with the best marked, a summary."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import torch

from assay.training.watch import Setup, Watch

if TYPE_CHECKING:
    from assay.training.history import History

log = logging.getLogger("assay.train")


class Log(Watch):
    """Writes to the logger `assay.train`."""

    def __init__(self, saved_in: str = "") -> None:
        self.saved_in = saved_in
        self.started = time.perf_counter()

    def on_start(self, setup: Setup) -> None:
        """Everything a reader needs to know what this run is."""
        settings, training = setup.settings, setup.settings.training
        samples = setup.prepared.meta["samples"]
        batches = -(-samples["train"] // training.batch_size)
        size = sum(parameter.numel() for parameter in setup.task.model.parameters())
        numerics = settings.numerics.model_dump()
        optimizer = next(iter(setup.optimizers.values()))
        for line in (
            f"seed {setup.seed}; " + ", ".join(f"{key} {value}" for key, value in numerics.items()),
            f"torch {torch.__version__}, CUDA {torch.version.cuda}, "
            f"cuDNN {torch.backends.cudnn.version()}; device {setup.device}",
            f"data {setup.prepared.meta['source']}: {samples['train']} training, "
            f"{samples['validation']} validation, {samples['test']} test samples",
            f"model {settings.model.name} {settings.model.settings}: {size:,} parameters",
            f"optimizer {type(optimizer).__name__} {training.optimizer.settings}, "
            f"learning rate {training.learning_rate:g}, scheduler {training.scheduler.name}",
            f"loss {settings.loss.name} {settings.loss.settings}, precision {settings.numerics.dtype}",
            f"{training.epochs} epochs of {batches} batches of {training.batch_size}",
        ):
            log.info(line)
        self.started = time.perf_counter()

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """One line: losses, metrics, learning rate, time left, `best` if it is."""
        row, total = history.rows[-1], history.settings.epochs
        numbers = "  ".join(f"{name} {_number(value)}" for name, value in row.items() if name != "epoch")
        elapsed = time.perf_counter() - self.started
        left = elapsed / row["epoch"] * (total - row["epoch"])
        mark = "  best" if improved else ""
        log.info(f"epoch {row['epoch']:>{len(str(total))}}/{total}  {numbers}  left {left:.0f} s{mark}")

    def on_train_end(self, history: History) -> None:
        """The end: epochs, last and best value, improvement, where everything is."""
        if history.diverged_in is not None:
            log.warning(f"{history.status}: the loss is not finite; the run ends, its receipt says so")
            return
        monitor = history.settings.monitor
        first, last = history.rows[0][monitor], history.rows[-1][monitor]
        log.info(
            f"{len(history.rows)} epochs: {monitor} first {_number(first)}, last {_number(last)}, "
            f"best {_number(history.best_value)} in epoch {history.best_epoch}, "
            f"improved by {_number(abs(first - (history.best_value or first)))}"
            + (f"; saved in {self.saved_in}" if self.saved_in else "")
        )

    def on_exception(self, error: BaseException) -> None:
        """The exception's text; its traceback follows where it is caught."""
        log.error(f"{type(error).__name__}: {error}")


def _number(value: float | None) -> str:
    return "nan" if value is None else f"{value:.4g}"
