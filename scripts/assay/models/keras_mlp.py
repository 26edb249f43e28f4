"""Multilayer perceptron, made with Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.layers.keras import KerasModel
from assay.models._sequence import require_positive, require_probability


class KerasMLP(KerasModel):
    """`mlp` in Keras 3: the same layers, with first weights as Keras draws them (Glorot & Bengio 2010).

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
        for width in widths:
            require_positive(widths=width)
        require_probability(dropout=dropout)

        def layers(keras: Any, values: Any) -> Any:
            values = keras.layers.Reshape((-1,))(values)
            for number, width in enumerate(widths, 1):
                values = keras.layers.Dense(width, activation="relu", name=f"hidden_{number}")(values)
                if dropout:
                    values = keras.layers.Dropout(dropout)(values)
            return keras.layers.Dense(outputs, name="head")(values)

        super().__init__(input_shape, layers)
