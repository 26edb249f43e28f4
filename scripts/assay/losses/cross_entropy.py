"""Cross-entropy of class logits."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class CrossEntropy(nn.Module):
    """Mean negative log-likelihood of the target classes.

    Args:
        label_smoothing: share of the target that is spread over all classes (Szegedy et al. 2016).
    """

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (batch, classes) and class indices (batch,) → scalar."""
        return functional.cross_entropy(logits, targets, label_smoothing=self.label_smoothing)
