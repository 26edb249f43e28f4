"""A run in progress: all that training changes, and all that a later process needs to go on with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from assay.callbacks import Callback
from assay.settings.stages import TrainSettings
from assay.tasks import Sums, Task
from assay.training.augment import Change
from assay.training.history import History
from assay.training.ranks import Ranks

if TYPE_CHECKING:
    from torch.amp.grad_scaler import GradScaler

State = dict[str, Any]
"""A state as plain data and tensors, as a checkpoint holds it."""


@dataclass
class Run:
    """One run. `epoch` counts from 1 and is the one that is being trained."""

    settings: TrainSettings
    seed: int
    device: torch.device
    task: Task
    parameters: Mapping[str, list[nn.Parameter]]
    """Optimizer name → what it steps."""
    optimizers: Mapping[str, Optimizer]
    schedulers: Mapping[str, LRScheduler]
    scaler: GradScaler | None
    callbacks: Sequence[Callback]
    augmentations: Sequence[Change]
    history: History
    ranks: Ranks = field(default_factory=Ranks)
    epoch: int = 1
    step: int = 0
    """Steps done in this epoch."""
    earlier: Sums = field(default_factory=dict)
    """Of each batch of this epoch before the run was interrupted, stacked: name → (batches, …)."""
    sums: list[Sums] = field(default_factory=list)
    """Of each batch of this epoch since."""
    gradient_norms: dict[str, list[Tensor]] = field(default_factory=dict)
    """Optimizer name → the norm at each step of this epoch so far, if they are noted."""
    best: State | None = None
    trace: list[dict[str, Any]] = field(default_factory=list)
    """A row an epoch (see `assay.training.trace`)."""

    @property
    def learning_rate(self) -> float:
        """The learning rate of the first optimizer now."""
        return float(next(iter(self.optimizers.values())).param_groups[0]["lr"])

    @property
    def is_over(self) -> bool:
        """Whether no step is to come: an epoch that was begun is ended, also when it is to be the last."""
        history = self.history
        ended = history.diverged_in is not None or history.stopped is not None
        return self.step == 0 and (ended or self.epoch > self.settings.training.epochs)

    def begin(self) -> None:
        """Call the callbacks' `on_train_begin`, before a state is restored."""
        for callback in self.callbacks:
            callback.on_train_begin(self)

    def stop(self, reason: str) -> None:
        """End the run after this epoch, as finished."""
        self.history.stopped = self.history.stopped or reason

    def next_epoch(self) -> None:
        """Forget what is of the epoch that is over."""
        self.epoch, self.step = self.epoch + 1, 0
        self.earlier, self.sums, self.gradient_norms = {}, [], {}
