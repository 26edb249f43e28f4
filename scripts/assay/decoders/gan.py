"""The generator of a DCGAN: transposed convolutions with ReLU; linear layers for tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from assay.layers.graph import grid_shape


class GAN(nn.Module):
    """A linear layer, then strided transposed convolutions with ReLU between them (Radford et al. 2016).

    In training noise is added to the vector. Without the paper's batch normalisation (a sample depends on
    no other) and its tanh (standardised data have no bounds).

    Args:
        size: of the vector.
        output_shape: (features,), (channels, length) or (channels, height, width) of one sample.
        channels: values of a pixel before each transposed convolution, each of which doubles the image;
            of a table, the sizes of the hidden layers.
        kernel_size: side of the filters, odd.
        noise: standard deviation of the noise.
    """

    def __init__(
        self,
        size: int,
        output_shape: Sequence[int],
        *,
        channels: Sequence[int] = (32, 16),
        kernel_size: int = 3,
        noise: float = 0.1,
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, not {kernel_size}")
        if noise < 0:
            raise ValueError(f"noise must be at least 0, not {noise}")
        grid = grid_shape(output_shape, "decoder gan")
        self.shape, self.noise = tuple(output_shape), noise
        final, *sides = self.shape if len(self.shape) == 1 else grid
        sizes = [[math.ceil(side / 2**n) for side in sides] for n in range(len(channels), -1, -1)]
        values = [*channels, final]
        first = [values[0], *sizes[0]]
        layers: list[nn.Module] = [nn.Linear(size, math.prod(first)), nn.Unflatten(1, first)]
        for index, inputs in enumerate(channels):
            layers.append(nn.ReLU())
            if sides:
                height, width = sizes[index + 1]
                even = (1 - height % 2, 1 - width % 2)  # n pixels become 2 n - 1, or one more
                padding = kernel_size // 2
                layers.append(nn.ConvTranspose2d(inputs, values[index + 1], kernel_size, 2, padding, even))
            else:
                layers.append(nn.Linear(inputs, values[index + 1]))
        self.layers = nn.Sequential(*layers)

    def forward(self, vectors: Tensor) -> Tensor:
        """(batch, size) → (batch, *output_shape)."""
        if self.training:
            vectors = vectors + self.noise * torch.randn_like(vectors)
        result: Tensor = self.layers(vectors)
        return result.reshape(-1, *self.shape)
