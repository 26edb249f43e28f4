"""Multilayer perceptron to the flattened sample."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from assay.models import mlp


class MLP(nn.Module):
    """Linear layers with ReLU between them.

    Args:
        size: of the vector.
        output_shape: shape of one sample.
        widths: size of each hidden layer.
    """

    def __init__(self, size: int, output_shape: Sequence[int], *, widths: Sequence[int] = (64,)) -> None:
        super().__init__()
        self.shape = tuple(output_shape)
        self.layers = mlp.MLP((size,), math.prod(output_shape), widths=widths)

    def forward(self, vectors: Tensor) -> Tensor:
        """(batch, size) → (batch, *output_shape)."""
        result: Tensor = self.layers(vectors)
        return result.reshape(-1, *self.shape)
