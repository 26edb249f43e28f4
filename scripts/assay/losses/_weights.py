"""Weights that a study gives as a list of numbers, as a tensor that a loss keeps as a buffer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def weights_tensor(setting: str, weights: Sequence[float] | None, *, zero: bool = False) -> Tensor | None:
    """The weights in torch's default type, shape (weights,); None stays None.

    Args:
        setting: the setting's name, for the message.
        weights: the numbers as the study has them.
        zero: whether single weights may be 0.

    Raises:
        ValueError: there is no weight, one is negative or not finite, one is 0 where none may be, or all are.
    """
    if weights is None:
        return None
    numbers = [float(weight) for weight in weights]
    least = "at least 0" if zero else "greater than 0"
    if not numbers or any(not math.isfinite(n) or n < 0 or (n == 0 and not zero) for n in numbers):
        raise ValueError(f"{setting} must be a list of finite numbers, each {least}, not {list(weights)}")
    if not any(numbers):
        raise ValueError(f"{setting} must have a number greater than 0, not {list(weights)}")
    return torch.tensor(numbers, dtype=torch.get_default_dtype())


def require_weight_per_class(class_weights: Tensor | None, logits: Tensor) -> None:
    """Refuse a number of class weights other than that of the classes, with a ValueError."""
    if class_weights is not None and len(class_weights) != logits.shape[1]:
        raise ValueError(f"class_weights has {len(class_weights)} weights for {logits.shape[1]} classes")
