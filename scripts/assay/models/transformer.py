"""Transformer encoder: attention between the positions of a sample read as a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from assay.models._sequence import as_sequence, require_positive, require_probability, sequence_shape


class Transformer(nn.Module):
    """Encoder layers of self-attention (Vaswani et al. 2017), the mean over positions, one linear layer.

    Each layer normalises before attention and before its two linear layers, not after, which trains
    without a warm-up (Xiong et al. 2020); between the linear layers, 4 x `width` wide, is GELU. A table
    is read value by value, a signal along its length, an image row by row.

    Args:
        input_shape: shape of one sample: (features,), (channels, length) or (channels, height, width).
        outputs: size of the last layer.
        width: size of the vector at each position.
        heads: number of attention heads; divides `width`.
        layers: number of encoder layers.
        dropout: probability of setting a value to zero in training: attention weights, what each part
            of a layer adds, and the sums of values and positions that the first layer gets.
        positions: how a layer knows the order: `sinusoidal` vectors are fixed, `learned` ones trained.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        outputs: int,
        *,
        width: int = 32,
        heads: int = 4,
        layers: int = 2,
        dropout: float = 0.1,
        positions: Literal["sinusoidal", "learned"] = "sinusoidal",
    ) -> None:
        super().__init__()
        require_positive(width=width, heads=heads, layers=layers)
        require_probability(dropout=dropout)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads; {width} is not one of {heads}")
        if positions not in ("sinusoidal", "learned"):
            raise ValueError(f"positions must be sinusoidal or learned, not {positions!r}")
        length, size = sequence_shape(input_shape)
        self.project = nn.Linear(size, width)
        self.positions: Tensor
        if positions == "learned":
            self.positions = nn.Parameter(nn.init.normal_(torch.empty(length, width), std=0.02))
        else:
            self.register_buffer("positions", sinusoidal_positions(length, width), persistent=False)
        self.dropout = nn.Dropout(dropout)
        # not nn.TransformerEncoder: it copies one layer, so all would start with the same weights
        self.layers = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    width, heads, 4 * width, dropout, activation="gelu", batch_first=True, norm_first=True
                )
                for _ in range(layers)
            )
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)

    def embed(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, width): the mean over positions."""
        sequence = self.dropout(self.project(as_sequence(inputs)) + self.positions)
        result: Tensor = self.norm(self.layers(sequence)).mean(dim=1)
        return result

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, outputs)."""
        result: Tensor = self.head(self.embed(inputs))
        return result


def sinusoidal_positions(length: int, width: int) -> Tensor:
    """Sines and cosines of geometrically growing wavelengths (Vaswani et al. 2017, section 3.5).

    Value 2i at a position is sin(position / 10000^(2i / width)), value 2i + 1 the cosine of the same.

    Returns:
        (length, width), of torch's default type.
    """
    even = torch.arange(0, width, 2, dtype=torch.float64)
    angles = torch.arange(length, dtype=torch.float64)[:, None] / 10000 ** (even / width)
    pairs = torch.stack((angles.sin(), angles.cos()), dim=2)  # (length, pairs, 2)
    return pairs.flatten(1)[:, :width].to(torch.get_default_dtype())
