"""Classification: logits against class indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from assay.errors import UserError
from assay.tasks import Batch, Sums, Task


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

    @classmethod
    def outputs(cls, meta: Mapping[str, Any]) -> int:
        """One logit a class."""
        return len(meta["classes"])

    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """The loss, and the sums of loss and correct predictions."""
        inputs, targets = batch
        logits = self.model(inputs)
        if logits.shape != (len(targets), len(self.meta["classes"])):
            raise UserError(
                f"the model's output has the shape {tuple(logits.shape)}; classification needs "
                f"(batch, classes), here ({len(targets)}, {len(self.meta['classes'])})"
            )
        loss = self.loss(logits, targets)
        correct = (logits.detach().argmax(1) == targets).sum()
        return loss, {"loss": loss.detach() * len(targets), "correct": correct}

    def evaluation_step(self, batch: Batch) -> Sums:
        """The sum of the loss and the confusion matrix (target, prediction)."""
        inputs, targets = batch
        logits = self.model(inputs)
        classes = torch.arange(logits.shape[1], device=logits.device)
        target = (targets[:, None] == classes).to(logits.dtype)
        prediction = (logits.argmax(1)[:, None] == classes).to(logits.dtype)
        return {
            "loss": self.loss(logits, targets) * len(targets),
            "confusion": target.T @ prediction,  # exact: counts of one batch
        }

    def summarize(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Mean loss and accuracy; of an evaluation also precision, recall and F1."""
        count = float(sums["count"])
        loss = float(sums["loss"]) / count
        if "confusion" not in sums:
            return {"loss": loss, "accuracy": float(sums["correct"]) / count}
        table = _per_class(sums["confusion"])
        means = {name: sum(row[name] for row in table) / len(table) for name in ("precision", "recall", "f1")}
        return {"loss": loss, "accuracy": float(sums["confusion"].trace()) / count, **means}

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
        probabilities = self.model(inputs).double().softmax(1)
        columns = {"prediction": probabilities.argmax(1).tolist()}
        for index in range(probabilities.shape[1]):
            columns[f"probability_{index}"] = probabilities[:, index].tolist()
        return columns


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
