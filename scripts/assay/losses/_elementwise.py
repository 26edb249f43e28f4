"""Errors of each element of a prediction: what the losses of values are means of.

Prediction and target must have one shape. Without that check (n, 1) against (n,) is broadcast to
(n, n), and a model learns the mean of all targets without a word.
"""

from __future__ import annotations

from torch import Tensor


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """(prediction - target)², in the shape of both."""
    require_same_shape(prediction, target)
    return (prediction - target).square()


def absolute_error(prediction: Tensor, target: Tensor) -> Tensor:
    """|prediction - target|, in the shape of both."""
    require_same_shape(prediction, target)
    return (prediction - target).abs()


def huber_error(prediction: Tensor, target: Tensor, delta: float) -> Tensor:
    """Half the squared error up to an error of `delta`, from there on a straight line; shape of both.

    Huber 1964, "Robust Estimation of a Location Parameter": e²/2 if |e| ≤ delta, else delta (|e| - delta/2).
    """
    error = absolute_error(prediction, target)
    near = error.clamp(max=delta)
    return near * (error - near / 2)  # both cases at once, and no square that could overflow


def require_delta(delta: float) -> None:
    """Refuse a Huber `delta` that is not greater than 0, with a ValueError."""
    if not delta > 0:
        raise ValueError(f"delta must be greater than 0, not {delta}")


def require_same_shape(prediction: Tensor, target: Tensor) -> None:
    """Refuse a prediction and a target of different shapes, with a ValueError."""
    if prediction.shape != target.shape:
        raise ValueError(
            f"the prediction has the shape {tuple(prediction.shape)}, its target {tuple(target.shape)}; "
            "they must be the same"
        )
