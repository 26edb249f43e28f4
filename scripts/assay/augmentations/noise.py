"""Add normal noise."""

from __future__ import annotations

import math

from torch import Tensor

from assay.augmentations import Random


class Noise:
    """Independent normal noise on every value.

    Args:
        scale: standard deviation of the noise, in standard deviations of the standardised data.
    """

    def __init__(self, *, scale: float = 0.1) -> None:
        if scale <= 0:
            raise ValueError(f"scale must be above 0, not {scale}")
        self.scale = scale

    def __call__(self, inputs: Tensor, random: Random) -> Tensor:
        """(batch, …) → the same shape."""
        size = math.prod(inputs.shape[1:])
        uniform = random(2 * size)
        # Box & Muller 1958: two uniform numbers make one normal one
        radius = (-2 * (1 - uniform[:, :size]).log()).sqrt()
        normal = radius * (2 * math.pi * uniform[:, size:]).cos()
        return inputs + self.scale * normal.reshape(inputs.shape).to(inputs.dtype)
