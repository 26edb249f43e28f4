"""A linear layer to every node of a grid or chain, then graph convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from assay.layers.graph import graph_layers, grid_shape


class GNN(nn.Module):
    """The encoder of this name in reverse: a linear layer to all nodes, graph convolutions with ReLU.

    A last linear layer, the same for every node, makes its channels.

    Args:
        size: of the vector.
        output_shape: (features,), (channels, length) or (channels, height, width) of one sample.
        widths: values of a node after each convolution, each of which also smooths over neighbours.
    """

    def __init__(self, size: int, output_shape: Sequence[int], *, widths: Sequence[int] = (32,)) -> None:
        super().__init__()
        channels, height, width = grid_shape(output_shape, "decoder gnn")
        first = [*widths, channels][0]
        self.shape, self.nodes = tuple(output_shape), (first, height, width)
        self.input = nn.Linear(size, math.prod(self.nodes))
        self.layers = graph_layers(first, widths, height, width)
        self.output = nn.Conv2d([first, *widths][-1], channels, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        """(batch, size) → (batch, *output_shape)."""
        nodes = self.input(vectors).reshape(-1, *self.nodes)
        result: Tensor = self.output(self.layers(nodes))
        return result.reshape(-1, *self.shape)
