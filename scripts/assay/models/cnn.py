"""Small convolutional network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class CNN(nn.Module):
    """Blocks of convolution, ReLU and 2 x 2 pooling, then one linear layer.

    Args:
        input_shape: (channels, height, width) of one sample.
        outputs: size of the last layer.
        channels: number of filters of each block; the image is halved after each.
        kernel_size: side of the filters, odd.
        batch_norm: normalise each block's filters over the batch (Ioffe & Szegedy 2015).
        dropout: probability of setting a value before the last layer to zero in training.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        outputs: int,
        *,
        channels: Sequence[int] = (16, 32),
        kernel_size: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(input_shape) != 3:
            raise ValueError(f"cnn needs images (channels, height, width), not shape {input_shape}")
        if any(filters < 1 for filters in channels) or kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError("channels must be at least 1, kernel_size odd")
        if min(input_shape[1:]) < 2 ** len(channels):
            raise ValueError(f"{len(channels)} blocks halve images of {input_shape[1:]} to nothing")
        blocks: list[nn.Module] = []
        size = input_shape[0]
        for filters in channels:
            blocks.append(nn.Conv2d(size, filters, kernel_size, padding=kernel_size // 2))
            if batch_norm:
                blocks.append(nn.BatchNorm2d(filters))
            blocks += [nn.ReLU(), nn.MaxPool2d(2)]
            size = filters
        self.features = nn.Sequential(*blocks, nn.Flatten())
        self.dropout = nn.Dropout(dropout)
        with torch.no_grad():
            flat = self.features.eval()(torch.zeros(1, *input_shape)).shape[1]
        self.head = nn.Linear(flat, outputs)

    def embed(self, inputs: Tensor) -> Tensor:
        """(batch, channels, height, width) → (batch, features): what the last layer sees."""
        result: Tensor = self.dropout(self.features(inputs))
        return result

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, channels, height, width) → (batch, outputs)."""
        result: Tensor = self.head(self.embed(inputs))
        return result
