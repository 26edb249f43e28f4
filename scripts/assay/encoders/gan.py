"""The discriminator of a DCGAN: strided convolutions with leaky ReLU; linear layers for tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from assay.layers.graph import grid_shape


class GAN(nn.Module):
    """Strided convolutions with leaky ReLU of slope 0.2, then a linear layer (Radford et al. 2016).

    Without the paper's batch normalisation: a sample's vector depends on no other sample, and a batch
    of one can be trained. With one output it is a discriminator.

    Args:
        input_shape: (features,), (channels, length) or (channels, height, width) of one sample.
        size: of the vector.
        channels: filters of each convolution, each of which halves the image; of a table, the sizes of
            the hidden layers.
        kernel_size: side of the filters, odd.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        size: int,
        *,
        channels: Sequence[int] = (16, 32),
        kernel_size: int = 3,
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, not {kernel_size}")
        grid = grid_shape(input_shape, "encoder gan")
        self.shape = tuple(input_shape) if len(input_shape) == 1 else grid
        inputs, *sides = self.shape
        layers: list[nn.Module] = []
        for outputs in channels:
            layers += [
                nn.Conv2d(inputs, outputs, kernel_size, stride=2, padding=kernel_size // 2)
                if sides
                else nn.Linear(inputs, outputs),
                nn.LeakyReLU(0.2),
            ]
            inputs, sides = outputs, [math.ceil(side / 2) for side in sides]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * math.prod(sides), size))

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, size)."""
        result: Tensor = self.layers(inputs.reshape(-1, *self.shape))
        return result
