"""Multilayer perceptron on the flattened sample."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from assay.models import mlp


class MLP(nn.Module):
    """Linear layers with ReLU between them.

    Args:
        input_shape: shape of one sample.
        size: of the vector.
        widths: size of each hidden layer.
    """

    def __init__(self, input_shape: Sequence[int], size: int, *, widths: Sequence[int] = (64,)) -> None:
        super().__init__()
        self.layers = mlp.MLP(input_shape, size, widths=widths)

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, size)."""
        result: Tensor = self.layers(inputs)
        return result
