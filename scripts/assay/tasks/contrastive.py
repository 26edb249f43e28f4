"""Supervised contrastive learning, with a linear probe that is trained beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional

from assay.errors import UserError
from assay.tasks import loss_parts
from assay.tasks.classification import Classification


class Contrastive(Classification):
    """The recipe's loss trains the embedding, cross-entropy the last layer on what the embedding gives.

    Khosla et al. 2020, "Supervised Contrastive Learning". The linear classifier, which they train
    afterwards, learns in the same steps here; none of its gradients reaches the embedding.

    The recipe's loss is called with embeddings (batch, size) and class indices (batch,). It compares the
    samples of a batch with each other, so its value depends on the batch's size, which is another one in
    evaluation. The model must have `embed(inputs)`, what its last layer sees, and that layer as `head`.
    """

    metrics: ClassVar[dict[str, str]] = {
        "loss": "minimize",
        "contrastive": "minimize",
        "probe": "minimize",
        "accuracy": "maximize",
        "precision": "maximize",
        "recall": "maximize",
        "f1": "maximize",
    }
    training_metrics: ClassVar[tuple[str, ...]] = ("loss", "contrastive", "probe", "accuracy")
    targets: ClassVar[str] = "classes"
    loss_kind: ClassVar[str] = "embeddings"
    families: ClassVar[dict[str, tuple[str, ...]]] = {
        "losses": ("contrastive", "probe"),
        "accuracy": ("accuracy",),
        "classes": ("precision", "recall", "f1"),
    }

    def __init__(self, meta: Mapping[str, Any], model: nn.Module, loss: nn.Module) -> None:
        super().__init__(meta, model, loss)
        lacking = [name for name in ("embed", "head") if not callable(getattr(model, name, None))]
        if lacking:
            raise UserError(
                f"task contrastive: needs a model with `embed` (what its last layer sees) and `head` (that "
                f"layer), such as mlp or cnn; {type(model).__name__} has no {' and no '.join(lacking)}"
            )

    def embed(self, inputs: Tensor) -> Tensor:
        """What the last layer sees, (batch, size)."""
        embeddings: Tensor = self.model.embed(inputs)  # type: ignore[operator]
        if embeddings.ndim != 2 or len(embeddings) != len(inputs):
            raise UserError(
                f"the model's embeddings have the shape {tuple(embeddings.shape)}; "
                f"contrastive needs (batch, size), here ({len(inputs)}, size)"
            )
        return embeddings

    def logits(self, inputs: Tensor) -> Tensor:
        """The probe's logits, (batch, classes)."""
        return self._checked(self.model.head(self.embed(inputs)), inputs)  # type: ignore[operator]

    def compare(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The probe's logits, and `loss`: the sum of `contrastive` (and what it is made of) and `probe`."""
        embeddings = self.embed(inputs)
        parts = loss_parts(self.loss(embeddings, targets))
        contrastive = parts.pop("loss")
        logits = self._checked(self.model.head(embeddings.detach()), inputs)  # type: ignore[operator]
        probe = functional.cross_entropy(logits, targets)
        named = {"loss": contrastive + probe, "contrastive": contrastive, "probe": probe}
        return logits, parts | named
