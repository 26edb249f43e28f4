"""Cross-entropy of class logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from assay.losses._weights import require_weight_per_class, weights_tensor


class CrossEntropy(nn.Module):
    """Mean negative log-likelihood of the target classes.

    With class weights w it is torch's weighted mean, Σ w[y] nll / Σ w[y] over the batch: samples of heavy
    classes count more, and the scale does not grow with the weights. Its denominator is the batch's own,
    so the mean over several batches depends a little on how the samples are divided among them.

    Args:
        label_smoothing: share of the target that is spread over all classes (Szegedy et al. 2016).
        class_weights: one positive weight a class, in the order of the classes. With label smoothing the
            spread share of each class has that class's weight.

    Raises:
        ValueError: a setting is out of its range.
    """

    kind: ClassVar[str] = "classes"

    class_weights: Tensor | None

    def __init__(self, *, label_smoothing: float = 0.0, class_weights: Sequence[float] | None = None) -> None:
        super().__init__()
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be from 0 to 1, not {label_smoothing}")
        self.label_smoothing = label_smoothing
        weights = weights_tensor("class_weights", class_weights)
        self.register_buffer("class_weights", weights, persistent=False)  # a setting, not a state

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (batch, classes) and class indices (batch,) → scalar.

        Raises:
            ValueError: there are not as many weights as classes.
        """
        require_weight_per_class(self.class_weights, logits)
        return functional.cross_entropy(
            logits, targets, weight=self.class_weights, label_smoothing=self.label_smoothing
        )
