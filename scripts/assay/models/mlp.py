"""Multilayer perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn


class MLP(nn.Module):
    """Linear layers with ReLU between them, on the flattened sample.

    Args:
        input_shape: shape of one sample.
        outputs: size of the last layer.
        widths: size of each hidden layer.
        dropout: probability of setting a hidden activation to zero in training.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        outputs: int,
        *,
        widths: Sequence[int] = (64, 64),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if any(width < 1 for width in widths):
            raise ValueError(f"widths must be at least 1, not {list(widths)}")
        layers: list[nn.Module] = [nn.Flatten()]
        size = math.prod(input_shape)
        for width in widths:
            layers += [nn.Linear(size, width), nn.ReLU()]
            if dropout:
                layers.append(nn.Dropout(dropout))
            size = width
        self.hidden = nn.Sequential(*layers)
        self.head = nn.Linear(size, outputs)

    def embed(self, inputs: Tensor) -> Tensor:
        """(batch, …) → (batch, last width): what the last layer sees."""
        result: Tensor = self.hidden(inputs)
        return result

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, …) → (batch, outputs)."""
        result: Tensor = self.head(self.embed(inputs))
        return result
