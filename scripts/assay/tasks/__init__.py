"""Tasks: one file each. A task says what a batch means; the training loop does the rest.

The class named like the file derives from `Task`. Its class attributes are read without importing it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

Batch = tuple[Tensor, Tensor]
"""Inputs (batch, …) and targets (batch, …)."""

Sums = dict[str, Tensor]
"""Sums over the samples of a batch, on the device. Adding those of several batches, or of several
processes, gives those of their union, so means weigh each sample once, also in a short last batch."""


class Task(ABC):
    """What the loop asks of a task.

    Args:
        meta: the prepared data's `meta.json`.
        model: what is trained.
        loss: the loss that the recipe names.
    """

    metrics: ClassVar[dict[str, str]]
    """Every metric that `summarize` makes of an evaluation, and which way it is better (`minimize`,
    `maximize`); `loss` among them. Stands in the body of each task, where planning reads it."""
    training_metrics: ClassVar[tuple[str, ...]]
    """Those of them that it also makes of the sums of training."""

    def __init__(self, meta: Mapping[str, Any], model: nn.Module, loss: nn.Module) -> None:
        self.meta, self.model, self.loss = meta, model, loss

    @classmethod
    @abstractmethod
    def outputs(cls, meta: Mapping[str, Any]) -> int:
        """How many outputs the model needs for these data."""

    def optimized(self) -> dict[str, Iterable[nn.Parameter]]:
        """Optimizer name → its parameters. The loop steps them in this order on every batch."""
        return {"model": self.model.parameters()}

    @abstractmethod
    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """The scalar that `optimizer` lowers on this batch, and the batch's sums (with `count`)."""

    @abstractmethod
    def evaluation_step(self, batch: Batch) -> Sums:
        """The sums of one batch, without gradients."""

    @abstractmethod
    def summarize(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Metrics of sums: all of `metrics`, or, of training's sums, those of `training_metrics`."""

    def report(self, sums: Mapping[str, Any]) -> dict[str, Any]:
        """What else an evaluation's `metrics.json` holds, such as a confusion matrix."""
        return {}

    @abstractmethod
    def predictions(self, inputs: Tensor) -> dict[str, Any]:
        """Columns of `predictions.csv`: name → one value a sample."""
