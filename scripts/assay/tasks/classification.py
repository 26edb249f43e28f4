"""Classification: logits against class indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from assay.errors import UserError
from assay.tasks import Batch, Sums, Task, loss_parts, means, part_sums


class Classification(Task):
    """One class a sample. Precision, recall and F1 are unweighted means over the classes."""

    metrics: ClassVar[dict[str, str]] = {
        "loss": "minimize",
        "accuracy": "maximize",
        "precision": "maximize",
        "recall": "maximize",
        "f1": "maximize",
    }
    training_metrics: ClassVar[tuple[str, ...]] = ("loss", "accuracy")
    targets: ClassVar[str] = "classes"
    loss_kind: ClassVar[str] = "classes"
    families: ClassVar[dict[str, tuple[str, ...]]] = {
        "accuracy": ("accuracy",),
        "classes": ("precision", "recall", "f1"),
    }

    @classmethod
    def outputs(cls, meta: Mapping[str, Any]) -> int:
        """One logit a class."""
        return len(meta["classes"])

    def logits(self, inputs: Tensor) -> Tensor:
        """What the model makes of the inputs, (batch, classes).

        Raises:
            UserError: it makes another shape.
        """
        return self._checked(self.model(inputs), inputs)

    def compare(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The logits, and the parts of the loss, `loss` among them."""
        logits = self.logits(inputs)
        return logits, loss_parts(self.loss(logits, targets))

    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """The loss, and the sums of loss, its parts and correct predictions."""
        inputs, targets = batch
        logits, parts = self.compare(inputs, targets)
        correct = (logits.argmax(1) == targets).sum()
        return parts["loss"], part_sums(parts, len(targets)) | {"correct": correct}

    def evaluation_step(self, batch: Batch) -> Sums:
        """The sums of the loss and its parts, and the confusion matrix (target, prediction)."""
        inputs, targets = batch
        logits, parts = self.compare(inputs, targets)
        classes = torch.arange(logits.shape[1], device=logits.device)
        target = (targets[:, None] == classes).to(torch.get_default_dtype())
        prediction = (logits.argmax(1)[:, None] == classes).to(torch.get_default_dtype())
        with torch.autocast(logits.device.type, enabled=False):  # bfloat16 counts to 256
            confusion = target.T @ prediction  # exact: counts of one batch
        return part_sums(parts, len(targets)) | {"confusion": confusion}

    def summarize(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Mean loss and accuracy; of an evaluation also precision, recall and F1."""
        found = means(sums)
        if "confusion" not in sums:
            return found | {"accuracy": found.pop("correct")}
        table = _per_class(sums["confusion"])
        found["accuracy"] = float(sums["confusion"].trace()) / float(sums["count"])
        for name in ("precision", "recall", "f1"):
            found[name] = sum(row[name] for row in table) / len(table)
        return found

    def report(self, sums: Mapping[str, Any]) -> dict[str, Any]:
        """The confusion matrix, rows the true classes, and the table of classes."""
        names = self.meta["classes"]
        rows = zip(names, _per_class(sums["confusion"]), strict=True)
        return {
            "classes": list(names),
            "confusion_matrix": sums["confusion"].to(torch.int64).tolist(),
            "per_class": [{"class": name, **row} for name, row in rows],
        }

    def predictions(self, inputs: Tensor) -> dict[str, Any]:
        """The predicted class's index, and each class's probability."""
        probabilities = self.logits(inputs).cpu().double().softmax(1)
        columns = {"prediction": probabilities.argmax(1).tolist()}
        for index in range(probabilities.shape[1]):
            columns[f"probability_{index}"] = probabilities[:, index].tolist()
        return columns

    def _checked(self, logits: Tensor, inputs: Tensor) -> Tensor:
        """The logits, if they have the shape (batch, classes)."""
        expected = (len(inputs), len(self.meta["classes"]))
        if logits.shape != expected:
            raise UserError(
                f"the model's output has the shape {tuple(logits.shape)}; "
                f"{type(self).__name__.lower()} needs (batch, classes), here {expected}"
            )
        return logits


def _per_class(confusion: Tensor) -> list[dict[str, Any]]:
    """Precision, recall, F1 and number of samples of each class; 0 where a ratio has no denominator."""
    hits = confusion.diag().double()
    predicted, actual = confusion.sum(0).double(), confusion.sum(1).double()
    zero = torch.zeros_like(hits)
    precision = torch.where(predicted > 0, hits / predicted, zero)
    recall = torch.where(actual > 0, hits / actual, zero)
    f1 = torch.where(predicted + actual > 0, 2 * hits / (predicted + actual), zero)
    return [
        {"precision": p, "recall": r, "f1": f, "samples": int(n)}
        for p, r, f, n in zip(precision.tolist(), recall.tolist(), f1.tolist(), actual.tolist(), strict=True)
    ]
