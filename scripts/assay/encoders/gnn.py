"""Graph convolutions on the grid of pixels, or the chain of features."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from assay.layers.graph import graph_layers, grid_shape


class GNN(nn.Module):
    """Graph convolutions with ReLU (Kipf & Welling 2017), then a linear layer on all nodes together.

    Such a readout (Defferrard et al. 2016) knows where a value comes from; a mean over the nodes does not.

    Args:
        input_shape: (features,), (channels, length) or (channels, height, width) of one sample.
        size: of the vector.
        widths: values of a node after each convolution, each of which also smooths over neighbours.
    """

    def __init__(self, input_shape: Sequence[int], size: int, *, widths: Sequence[int] = (32,)) -> None:
        super().__init__()
        self.grid = grid_shape(input_shape, "encoder gnn")
        channels, height, width = self.grid
        self.layers = graph_layers(channels, widths, height, width)
        self.output = nn.Linear([channels, *widths][-1] * height * width, size)

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, size)."""
        nodes = self.layers(inputs.reshape(-1, *self.grid))
        result: Tensor = self.output(nodes.flatten(1))
        return result
