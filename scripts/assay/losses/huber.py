"""Huber loss: squared for small errors, absolute for large ones."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from assay.losses._elementwise import huber_error, require_delta


class Huber(nn.Module):
    """Mean over all elements of e²/2 where |e| ≤ delta, else delta (|e| - delta/2).

    Huber 1964, "Robust Estimation of a Location Parameter".

    Args:
        delta: the error, in units of the target, from which on the loss is a straight line.

    Raises:
        ValueError: delta is not greater than 0.
    """

    kind: ClassVar[str] = "values"

    def __init__(self, *, delta: float = 1.0) -> None:
        super().__init__()
        require_delta(delta)
        self.delta = delta

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape → scalar, in squared units of the target.

        Raises:
            ValueError: the shapes differ.
        """
        return huber_error(prediction, target, self.delta).mean()
