"""Graph convolution on the grid of a sample's pixels or features.

Every pixel is a node, joined to its (up to) eight neighbours. A sequence or a table is a grid of one
row, so its graph is a chain. (On a complete graph one convolution would give all nodes one value.)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


def grid_shape(shape: Sequence[int], kind: str) -> tuple[int, int, int]:
    """(channels, height, width) of a sample as a grid.

    Args:
        shape: (features,), (channels, length) or (channels, height, width).
        kind: what asks, for the message.

    Raises:
        ValueError: the shape is none of these.
    """
    match tuple(shape):
        case (features,):
            return 1, 1, features
        case (channels, length):
            return channels, 1, length
        case (channels, height, width):
            return channels, height, width
    raise ValueError(f"{kind} takes tables, sequences and images, not samples of the shape {tuple(shape)}")


def closed_sum(values: Tensor) -> Tensor:
    """(A + I) x: the sum over each node and its neighbours, (batch, channels, height, width) → the same.

    On a grid with eight neighbours this is a 3 x 3 box filter, which needs no matrix.
    """
    channels = values.shape[1]
    return functional.conv2d(values, values.new_ones(channels, 1, 3, 3), padding=1, groups=channels)


class GraphConvolution(nn.Module):
    """D^-1/2 (A + I) D^-1/2 X W + b, D the degrees of A + I (Kipf & Welling 2017, equation 2).

    Args:
        inputs: values of a node.
        outputs: values of a node afterwards.
        height: rows of the grid.
        width: columns of the grid.
    """

    scale: Tensor

    def __init__(self, inputs: int, outputs: int, height: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        degrees = closed_sum(torch.ones(1, 1, height, width))
        self.register_buffer("scale", degrees.rsqrt(), persistent=False)

    def forward(self, nodes: Tensor) -> Tensor:
        """(batch, inputs, height, width) → (batch, outputs, height, width)."""
        return self.scale * closed_sum(self.scale * self.weight(nodes)) + self.bias


def graph_layers(inputs: int, widths: Sequence[int], height: int, width: int) -> nn.Sequential:
    """Graph convolutions, each followed by ReLU."""
    layers: list[nn.Module] = []
    for outputs in widths:
        layers += [GraphConvolution(inputs, outputs, height, width), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers)
