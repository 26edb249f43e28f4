"""Long short-term memory: a recurrent network that reads a sample as a sequence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from assay.models._sequence import as_sequence, require_positive, require_probability, sequence_shape


class LSTM(nn.Module):
    """Layers of LSTM (Hochreiter & Schmidhuber 1997), then one linear layer on the last state.

    A table is read value by value, a signal along its length, an image row by row.

    Args:
        input_shape: shape of one sample: (features,), (channels, length) or (channels, height, width).
        outputs: size of the last layer.
        hidden: size of each layer's state, in each direction.
        layers: number of layers.
        bidirectional: read the sequence from both ends; a layer gives both states (Schuster & Paliwal 1997).
        dropout: probability of setting a value that a layer gives to zero in training.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        outputs: int,
        *,
        hidden: int = 32,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        require_positive(hidden=hidden, layers=layers)
        require_probability(dropout=dropout)
        _, size = sequence_shape(input_shape)
        # not nn.LSTM's own layers: on a GPU its dropout keeps a state of its own between steps, so a
        # continued run would draw other numbers
        self.layers = nn.ModuleList()
        for _ in range(layers):
            self.layers.append(nn.LSTM(size, hidden, batch_first=True, bidirectional=bidirectional))
            size = hidden * (2 if bidirectional else 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(size, outputs)

    def embed(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, features): the last layer's state after the whole sequence.

        With two directions, that of the forward one, then that of the backward one.
        """
        sequence = as_sequence(inputs)
        with torch.autocast("cpu", enabled=False):  # where few processors have an LSTM in half precision
            for index, layer in enumerate(self.layers):
                sequence, (state, _) = layer(self.dropout(sequence) if index else sequence)
        # state: (directions, batch, hidden)
        result: Tensor = self.dropout(torch.cat(tuple(state), dim=1))
        return result

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, outputs)."""
        result: Tensor = self.head(self.embed(inputs))
        return result
