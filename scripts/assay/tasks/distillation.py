"""Distillation: classification that learns from the targets and from the run of another variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from assay.tasks import Batch, Sums, loss_parts, part_sums
from assay.tasks.classification import Classification


class Distillation(Classification):
    """A student (the recipe's model) and a teacher: the best weights of a variant's run of the same seed.

    Hinton, Vinyals & Dean 2015, "Distilling the Knowledge in a Neural Network". Both see the same batch;
    the teacher is in evaluation mode and does not learn. In training `loss` is the recipe's, with its
    parts; in validation and evaluation, where the teacher has no say, it is the cross-entropy of the
    targets, as of a variant without a teacher.

    Args:
        teacher: name of the variant.
    """

    loss_kind: ClassVar[str] = "teacher"

    def __init__(
        self,
        meta: Mapping[str, Any],
        model: nn.Module,
        loss: nn.Module,
        *,
        teacher: Annotated[str, "variants"],
    ) -> None:
        super().__init__(meta, model, loss)
        self._read: Mapping[str, nn.Module] = {}

    def read(self, models: Mapping[str, nn.Module]) -> None:
        """Take the teacher. It is no part of the student's state."""
        self._read = dict(models)

    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """The loss, and the sums of loss, its parts and correct predictions."""
        inputs, targets = batch
        logits = self.logits(inputs)
        with torch.no_grad():
            taught = self._read["teacher"](inputs)
        parts = loss_parts(self.loss(logits, targets, taught))
        correct = (logits.argmax(1) == targets).sum()
        return parts["loss"], part_sums(parts, len(targets)) | {"correct": correct}

    def compare(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The logits, and the cross-entropy of the targets."""
        logits = self.logits(inputs)
        return logits, {"loss": functional.cross_entropy(logits, targets)}
