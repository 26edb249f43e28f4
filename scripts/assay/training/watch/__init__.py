"""What watches a run: it is told of everything, changes nothing, and is in no address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    from assay.data.prepared import Prepared
    from assay.settings.stages import TrainSettings
    from assay.tasks import Task
    from assay.training.history import History


@dataclass(frozen=True)
class Setup:
    """What a run starts from."""

    settings: TrainSettings
    prepared: Prepared
    seed: int
    device: torch.device
    task: Task
    optimizers: Mapping[str, Optimizer]
    schedulers: Mapping[str, LRScheduler]


class Watch:
    """A watcher that does nothing: override what interests you."""

    def on_start(self, setup: Setup) -> None:
        """Everything is built; the first epoch comes."""

    def on_part_end(self, part: str, metrics: Mapping[str, float], samples: int) -> None:
        """An epoch's training or validation is over."""

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """An epoch is over; its row is the history's last."""

    def on_train_end(self, history: History) -> None:
        """The last epoch is over, or the run diverged."""

    def on_exception(self, error: BaseException) -> None:
        """The run failed; the exception is raised again."""


class Watches(Watch):
    """Several watchers as one."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self.watches = watches

    def on_start(self, setup: Setup) -> None:
        """Tell all."""
        for watch in self.watches:
            watch.on_start(setup)

    def on_part_end(self, part: str, metrics: Mapping[str, float], samples: int) -> None:
        """Tell all."""
        for watch in self.watches:
            watch.on_part_end(part, metrics, samples)

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """Tell all."""
        for watch in self.watches:
            watch.on_epoch_end(history, improved)

    def on_train_end(self, history: History) -> None:
        """Tell all."""
        for watch in self.watches:
            watch.on_train_end(history)

    def on_exception(self, error: BaseException) -> None:
        """Tell all."""
        for watch in self.watches:
            watch.on_exception(error)
