"""Move images or signals by a few steps at random."""

from __future__ import annotations

import torch
from torch import Tensor

from assay.augmentations import Random


class Shift:
    """Move each sample along its space by up to `pixels` either way; what comes in is 0, the mean.

    Args:
        pixels: the largest distance, in whole steps of the grid.
    """

    def __init__(self, *, pixels: int = 1) -> None:
        if pixels < 1:
            raise ValueError(f"pixels must be at least 1, not {pixels}")
        self.pixels = pixels

    def __call__(self, inputs: Tensor, random: Random) -> Tensor:
        """(batch, channels, length) or (batch, channels, height, width) → the same shape."""
        axes = range(2, inputs.ndim)
        if not axes:
            raise ValueError(f"needs images or signals, not samples of shape {tuple(inputs.shape[1:])}")
        distances = (random(len(axes)) * (2 * self.pixels + 1)).long() - self.pixels
        for column, axis in enumerate(axes):
            size = inputs.shape[axis]
            shape = [1] * inputs.ndim
            shape[axis] = size
            source = torch.arange(size, device=inputs.device).reshape(shape)
            source = source - distances[:, column].reshape(-1, *[1] * (inputs.ndim - 1))
            inside = (source >= 0) & (source < size)
            moved = inputs.gather(axis, source.clamp(0, size - 1).expand_as(inputs))
            inputs = torch.where(inside, moved, torch.zeros_like(moved))
        return inputs
