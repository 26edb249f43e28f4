"""Tasks: one file each. A task says what a batch means; the training loop does the rest.

The class named like the file derives from `Task`. Its class attributes are read without importing it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from assay.tasks._losses import require_loss

Batch = tuple[Tensor, Tensor]
"""Inputs (batch, …) and targets (batch, …)."""

_WIDE = (torch.float32, torch.float64)

Sums = dict[str, Tensor]
"""Sums over the samples of a batch, on the device. Adding those of several batches, or of several
processes, gives those of their union, so means weigh each sample once, also in a short last batch."""


class Task(nn.Module, ABC):
    """What the loop asks of a task. It is a module, so that all it holds is saved, moved and trained.

    Args:
        meta: the prepared data's `meta.json`.
        model: what is trained.
        loss: the loss that the recipe names.
    """

    metrics: ClassVar[dict[str, str]]
    """The metrics that `summarize` can make of an evaluation, and which way it is better (`minimize`,
    `maximize`); `loss` among them. A literal, because planning reads it without importing the class. The
    parts of the loss come on top."""
    training_metrics: ClassVar[tuple[str, ...]]
    """Those of them that it also makes of the sums of training."""
    targets: ClassVar[str] = "any"
    """What the data's targets must be: `classes`, `values` or `any`."""
    loss_kind: ClassVar[str] = "any"
    """What kind of loss fits, as losses say in their `kind`."""
    families: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Plots beside the loss curve: name → metrics that are drawn together."""

    def __init__(self, meta: Mapping[str, Any], model: nn.Module, loss: nn.Module) -> None:
        super().__init__()
        require_loss(type(self).__name__, self.loss_kind, loss)
        self.meta, self.model, self.loss = meta, model, loss

    @classmethod
    @abstractmethod
    def outputs(cls, meta: Mapping[str, Any]) -> int:
        """How many outputs the model needs for these data."""

    def optimized(self) -> dict[str, Iterable[nn.Parameter]]:
        """Optimizer name → its parameters. The loop steps them in this order on every batch.

        While one is at work, the parameters of the others gather no gradients.
        """
        return {"model": self.parameters()}

    def read(self, models: Mapping[str, nn.Module]) -> None:
        """Take the models of the runs that the recipe reads, before training: setting → model.

        A setting `Annotated[str, "variants"]` names a variant whose run of the same seed is read.
        """

    @abstractmethod
    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """The scalar that `optimizer` lowers on this batch (a mean over it), and the batch's sums."""

    @abstractmethod
    def evaluation_step(self, batch: Batch) -> Sums:
        """The sums of one batch, without gradients."""

    @abstractmethod
    def summarize(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Metrics of sums: all of `metrics`, or, of training's sums, those of `training_metrics`.

        `sums["count"]` is the number of samples.
        """

    def report(self, sums: Mapping[str, Any]) -> dict[str, Any]:
        """What else an evaluation's `metrics.json` holds, such as a confusion matrix."""
        return {}

    @abstractmethod
    def predictions(self, inputs: Tensor) -> dict[str, Any]:
        """Columns of `predictions.csv`: name → one value a sample."""

    def pictures(self, batch: Batch) -> dict[str, Tensor]:
        """What to draw of a few samples, such as reconstructions: row name → images of inputs' shape."""
        return {}


def loss_parts(value: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a loss gave, by name: `loss`, the scalar that is lowered, and the parts it is made of."""
    return {"loss": value} if isinstance(value, Tensor) else dict(value)


def part_sums(parts: Mapping[str, Tensor], count: int) -> Sums:
    """Batch means as sums over the batch's `count` samples, in no less than single precision."""
    found = {}
    for name, part in parts.items():
        value = part.detach()
        if value.dtype not in _WIDE:
            value = value.to(torch.promote_types(value.dtype, torch.float32))
        found[name] = value * count
    return found


def means(sums: Mapping[str, Any]) -> dict[str, float]:
    """The mean over samples of every sum that is one number."""
    count = float(sums["count"])
    return {
        name: float(value) / count
        for name, value in sums.items()
        if name != "count" and torch.as_tensor(value).ndim == 0
    }
