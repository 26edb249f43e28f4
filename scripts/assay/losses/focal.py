"""Focal loss: cross-entropy that counts easy samples less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from assay.losses._weights import require_weight_per_class, weights_tensor


class Focal(nn.Module):
    """Mean of (1 - p)^gamma times the negative log-likelihood, p the target class's probability.

    Lin et al. 2017, "Focal Loss for Dense Object Detection", equation 4. With gamma 0 it is cross-entropy.
    With class weights α it is their equation 5, the plain mean over the batch of α[y] (1 - p)^gamma nll: it
    is divided by the number of samples, not by the sum of their weights as in `cross_entropy`.

    Args:
        gamma: how fast a sample's weight falls with p; at least 0.
        class_weights: α, one positive weight a class, in the order of the classes.

    Raises:
        ValueError: a setting is out of its range.
    """

    kind: ClassVar[str] = "classes"

    class_weights: Tensor | None

    def __init__(self, *, gamma: float = 2.0, class_weights: Sequence[float] | None = None) -> None:
        super().__init__()
        if not gamma >= 0:
            raise ValueError(f"gamma must be at least 0, not {gamma}")
        self.gamma = gamma
        weights = weights_tensor("class_weights", class_weights)
        self.register_buffer("class_weights", weights, persistent=False)  # a setting, not a state

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (batch, classes) and class indices (batch,) → scalar.

        Raises:
            ValueError: there are not as many weights as classes.
        """
        require_weight_per_class(self.class_weights, logits)
        negative_log_likelihood = functional.cross_entropy(logits, targets, reduction="none")
        improbability = -torch.expm1(-negative_log_likelihood)
        # at exactly 0 a power below 1 has an infinite slope, which times 0 would be NaN
        improbability = improbability.clamp(min=torch.finfo(improbability.dtype).tiny)
        losses = improbability**self.gamma * negative_log_likelihood
        if self.class_weights is not None:
            losses = self.class_weights[targets] * losses
        return losses.mean()
