"""Mean absolute error."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from assay.losses._elementwise import absolute_error


class MeanAbsoluteError(nn.Module):
    """Mean over all elements of the absolute difference; its gradient is 0 where there is none."""

    kind: ClassVar[str] = "values"

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Two tensors of one shape → scalar, in units of the target.

        Raises:
            ValueError: the shapes differ.
        """
        return absolute_error(prediction, target).mean()
