"""Small convolutional network, made with Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.layers.keras import KerasModel
from assay.models._sequence import require_positive, require_probability


class KerasCNN(KerasModel):
    """`cnn` in Keras 3: the same layers, with first weights as Keras draws them (Glorot & Bengio 2010).

    Its running variance in batch normalisation is the population's, torch's is the sample's.

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
        if len(input_shape) != 3:
            raise ValueError(f"keras_cnn needs images (channels, height, width), not shape {input_shape}")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, not {kernel_size}")
        if min(input_shape[1:]) < 2 ** len(channels):
            raise ValueError(
                f"channels: an image of shape {input_shape} cannot be halved {len(channels)} times"
            )
        for filters in channels:
            require_positive(channels=filters)
        require_probability(dropout=dropout)

        def layers(keras: Any, values: Any) -> Any:
            kinds = keras.layers
            for block, filters in enumerate(channels, 1):
                values = kinds.Conv2D(filters, kernel_size, padding="same", name=f"conv_{block}")(values)
                if batch_norm:  # with the constants of torch
                    norm = kinds.BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5, name=f"norm_{block}")
                    values = norm(values)
                values = kinds.MaxPooling2D(2)(kinds.ReLU()(values))
            values = kinds.Dropout(dropout)(kinds.Reshape((-1,))(values))
            return kinds.Dense(outputs, name="head")(values)

        super().__init__(input_shape, layers)
