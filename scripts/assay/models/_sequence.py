"""Samples as sequences: what recurrent models and transformers read, position after position.

The shape of a sample says how:

    table    (features,)                 a sequence of its values
    signal   (channels, length)          a sequence over its length; a position has every channel
    image    (channels, height, width)   a sequence of its rows; a position has every channel's row
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def sequence_shape(input_shape: Sequence[int]) -> tuple[int, int]:
    """Length of the sequence and number of values at each position.

    Args:
        input_shape: shape of one sample.

    Raises:
        ValueError: it is none of the three.
    """
    match tuple(input_shape):
        case (features,):
            return features, 1
        case (channels, length):
            return length, channels
        case (channels, height, width):
            return height, channels * width
    raise ValueError(
        "a sequence model needs a table (features,), a signal (channels, length) "
        f"or an image (channels, height, width), not shape {tuple(input_shape)}"
    )


def as_sequence(inputs: Tensor) -> Tensor:
    """(batch, *input_shape) → (batch, length, values), the sizes of `sequence_shape`."""
    match inputs.dim():
        case 2:
            return inputs.unsqueeze(2)
        case 3:
            return inputs.transpose(1, 2)
        case _:
            return inputs.transpose(1, 2).flatten(2)


def require_positive(**settings: int) -> None:
    """Refuse a setting below 1, with a ValueError that names it."""
    for name, value in settings.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")


def require_probability(**settings: float) -> None:
    """Refuse a setting that is not from 0 to 1, with a ValueError that names it."""
    for name, value in settings.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be from 0 to 1, not {value}")
