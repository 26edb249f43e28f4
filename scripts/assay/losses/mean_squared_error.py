"""Mean squared error."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from assay.losses._elementwise import squared_error


class MeanSquaredError(nn.Module):
    """Mean over all elements of the squared difference."""

    kind: ClassVar[str] = "values"

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape → scalar, in squared units of the target.

        Raises:
            ValueError: the shapes differ.
        """
        return squared_error(prediction, target).mean()
