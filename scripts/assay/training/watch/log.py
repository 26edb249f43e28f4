"""The log of a run: what it starts from, a line an epoch with the best marked, a summary."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import torch

from assay.errors import UserError
from assay.training.watch import Setup, Watch

if TYPE_CHECKING:
    from assay.data.prepared import Prepared
    from assay.training.history import History
    from assay.training.state import Run

log = logging.getLogger("assay.train")


class Log(Watch):
    """Writes to the logger `assay.train`."""

    def __init__(self, saved_in: str = "") -> None:
        self.saved_in = saved_in
        self.first, self.started = 0, time.perf_counter()

    def on_start(self, setup: Setup) -> None:
        """Everything a reader needs to know what this run is."""
        for line in _description(setup.run, setup.prepared):
            log.info(line)
        if setup.resumed:
            log.info(f"continued in epoch {setup.run.epoch} after {setup.run.step} steps")
        self.first, self.started = setup.run.epoch - 1, time.perf_counter()

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """One line: losses, metrics, learning rate, time left, `best` if it is."""
        row, total = history.rows[-1], history.settings.epochs
        numbers = "  ".join(f"{name} {_number(value)}" for name, value in row.items() if name != "epoch")
        elapsed = time.perf_counter() - self.started
        left = elapsed / (row["epoch"] - self.first) * (total - row["epoch"])
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
            f"best {_number(history.best_value)} in epoch {history.best_epoch}"
            + _improvement(first, history.best_value)
            + (f"; saved in {self.saved_in}" if self.saved_in else "")
        )
        if history.stopped is not None:
            log.info(f"ended after epoch {len(history.rows)} of {history.settings.epochs}: {history.stopped}")

    def on_interrupt(self, message: str) -> None:
        """Where the run can be continued."""
        log.warning(message)

    def on_exception(self, error: BaseException) -> None:
        """The exception's text; with its traceback, if it is not one that a user can put right."""
        known = isinstance(error, UserError | OSError)
        log.error(f"{type(error).__name__}: {error}", exc_info=None if known else error)


def _description(run: Run, prepared: Prepared) -> list[str]:
    """What a run is, a line a subject."""
    settings, training, numerics = run.settings, run.settings.training, run.settings.numerics
    samples = prepared.meta["samples"]
    batches = -(-samples["train"] // training.batch_size)
    size = sum(parameter.numel() for parameter in run.task.model.parameters())
    optimizer = next(iter(run.optimizers.values()))
    precision = numerics.dtype if numerics.mixed_precision == "off" else numerics.mixed_precision
    lines = [
        f"seed {run.seed}; " + ", ".join(f"{key} {value}" for key, value in numerics.model_dump().items()),
        f"torch {torch.__version__}, CUDA {torch.version.cuda}, "
        f"cuDNN {torch.backends.cudnn.version()}; device {run.device}",
        f"data {prepared.meta['source']}: {samples['train']} training, "
        f"{samples['validation']} validation, {samples['test']} test samples",
        f"task {settings.task.name}, model {settings.model.name} {settings.model.settings}: "
        f"{size:,} parameters",
        f"optimizer {type(optimizer).__name__} {training.optimizer.settings}, "
        f"learning rate {training.learning_rate:g}, scheduler {training.scheduler.name} "
        f"{training.scheduler.settings}, warm-up {training.warmup_epochs:g} epochs",
        f"loss {settings.loss.name} {settings.loss.settings}, precision {precision}",
        f"{training.epochs} epochs of {batches} batches of {training.batch_size}",
    ]
    if training.accumulate > 1:
        lines.append(
            f"{training.accumulate} batches a step: {training.accumulate * training.batch_size} samples"
        )
    if run.ranks.size > 1:
        share = training.batch_size / run.ranks.size
        lines.append(f"effective batch {training.batch_size}: {run.ranks.size} processes with {share:g} each")
    for name in ("augmentations", "callbacks"):
        if chosen := getattr(training, name):
            lines.append(f"{name}: " + ", ".join(f"{item.name} {item.settings}" for item in chosen))
    return lines


def _improvement(first: float | None, best: float | None) -> str:
    return "" if first is None or best is None else f", improved by {_number(abs(first - best))}"


def _number(value: float | None) -> str:
    return "nan" if value is None else f"{value:.4g}"
