"""Mirror images at random."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from assay.augmentations import Random


class Flip:
    """Reverse the last axis (left and right) or the one before (up and down).

    Args:
        probability: share of the samples that are mirrored.
        axis: `horizontal` for left and right, `vertical` for up and down.
    """

    def __init__(
        self, *, probability: float = 0.5, axis: Literal["horizontal", "vertical"] = "horizontal"
    ) -> None:
        if not 0 <= probability <= 1:
            raise ValueError(f"probability must be from 0 to 1, not {probability}")
        self.probability, self.axis = probability, {"horizontal": -1, "vertical": -2}[axis]

    def __call__(self, inputs: Tensor, random: Random) -> Tensor:
        """(batch, …, height, width) → the same shape."""
        if inputs.ndim < 2 - self.axis:
            raise ValueError(f"needs images or signals, not samples of shape {tuple(inputs.shape[1:])}")
        chosen = random(1) < self.probability
        return torch.where(chosen.reshape(-1, *[1] * (inputs.ndim - 1)), inputs.flip(self.axis), inputs)
