"""Focal loss: cross-entropy that counts easy samples less."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class Focal(nn.Module):
    """Mean of (1 - p)^gamma times the negative log-likelihood, p the target class's probability.

    Lin et al. 2017, "Focal Loss for Dense Object Detection", equation 4. With gamma 0 it is cross-entropy.

    Args:
        gamma: how fast a sample's weight falls with p.
    """

    def __init__(self, *, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (batch, classes) and class indices (batch,) → scalar."""
        negative_log_likelihood = functional.cross_entropy(logits, targets, reduction="none")
        probability = (-negative_log_likelihood).exp()
        return ((1 - probability) ** self.gamma * negative_log_likelihood).mean()
