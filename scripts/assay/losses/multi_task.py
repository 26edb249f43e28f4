"""Several outputs at once: the weighted sum of one loss of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, Literal

from torch import Tensor, nn

from assay.losses._elementwise import (
    absolute_error,
    huber_error,
    require_delta,
    require_same_shape,
    squared_error,
)
from assay.losses._weights import weights_tensor


class MultiTask(nn.Module):
    """Σ weight × loss over the columns of the prediction, each column's loss its mean over the batch.

    Args:
        of: the loss of one column.
        weights: one weight an output, in the order of the columns, at least 0; without them all are 1.
            With 0 an output is only measured.
        delta: that of `huber`, in units of the target; no other loss looks at it.

    Raises:
        ValueError: a setting is out of its range.
    """

    kind: ClassVar[str] = "values"
    parts: ClassVar[tuple[str, ...]] = ("output_0",)  # the others are there if the data have them
    weights: Tensor | None

    def __init__(
        self,
        *,
        of: Literal["mean_squared_error", "mean_absolute_error", "huber"] = "mean_squared_error",
        weights: Sequence[float] | None = None,
        delta: float = 1.0,
    ) -> None:
        super().__init__()
        require_delta(delta)
        errors: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
            "mean_squared_error": squared_error,
            "mean_absolute_error": absolute_error,
            "huber": partial(huber_error, delta=delta),
        }
        if of not in errors:
            raise ValueError(f"of must be one of {', '.join(errors)}, not {of!r}")
        self.error = errors[of]
        self.register_buffer("weights", weights_tensor("weights", weights, zero=True), persistent=False)

    def forward(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Two tensors (batch, outputs), or (batch,) for one output → scalars.

        Returns:
            `loss`, and the unweighted losses of the columns, `output_0`, `output_1`, …

        Raises:
            ValueError: the shapes differ or are others, or there are not as many weights as outputs.
        """
        require_same_shape(prediction, target)
        if prediction.ndim not in (1, 2):
            raise ValueError(f"multi_task needs (batch, outputs), not the shape {tuple(prediction.shape)}")
        if prediction.ndim == 1:
            prediction, target = prediction[:, None], target[:, None]
        outputs = prediction.shape[1]
        if self.weights is not None and len(self.weights) != outputs:
            raise ValueError(f"weights has {len(self.weights)} weights for {outputs} outputs")
        losses = self.error(prediction, target).mean(0)
        weighted = losses if self.weights is None else self.weights * losses
        return {"loss": weighted.sum()} | {f"output_{index}": losses[index] for index in range(outputs)}
