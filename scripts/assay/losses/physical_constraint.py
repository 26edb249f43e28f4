"""Mean squared error with a penalty for predictions that are physically impossible."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from assay.losses._elementwise import squared_error


class PhysicalConstraint(nn.Module):
    """Mean squared error plus weight × mean squared violation of the constraints that are given.

    A quadratic penalty (Nocedal & Wright 2006, "Numerical Optimization", section 17.1), the sum of

    - mean over all elements of max(0, lower - prediction)²,
    - mean over all elements of max(0, prediction - upper)²,
    - mean over all samples of ((Σ prediction - Σ target) / n)², the sums over the n elements of the last
      axis: what is conserved, such as mass, must have the target's total. Divided by n it is no larger
      than the mean squared error and does not depend on how finely the axis is sampled.

    Args:
        weight: weight of the penalty, at least 0.
        lower: the least possible value, in units of the target.
        upper: the greatest possible value, in units of the target.
        conserve_sum: whether the sum over the last axis is conserved.

    Raises:
        ValueError: no constraint is given, the bounds exclude everything, or the weight is negative.
    """

    kind: ClassVar[str] = "values"
    parts: ClassVar[tuple[str, ...]] = ("data", "constraint")

    def __init__(
        self,
        *,
        weight: float = 1.0,
        lower: float | None = None,
        upper: float | None = None,
        conserve_sum: bool = False,
    ) -> None:
        super().__init__()
        if not weight >= 0:
            raise ValueError(f"weight must be at least 0, not {weight}")
        if lower is None and upper is None and not conserve_sum:
            raise ValueError("physical_constraint needs at least one of lower, upper and conserve_sum")
        if lower is not None and upper is not None and not lower < upper:
            raise ValueError(f"lower must be less than upper; they are {lower} and {upper}")
        self.weight, self.lower, self.upper, self.conserve_sum = weight, lower, upper, conserve_sum

    def forward(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Two tensors of one shape; for `conserve_sum` (batch, …, elements) → scalars.

        Returns:
            `loss`, and unweighted `data` (mean squared error) and `constraint`.

        Raises:
            ValueError: the shapes differ, or a sum is to be conserved along the batch's axis.
        """
        data = squared_error(prediction, target).mean()
        if self.conserve_sum and prediction.ndim < 2:
            raise ValueError(
                f"conserve_sum needs (batch, …, elements), not the shape {tuple(prediction.shape)}"
            )
        penalties = []
        if self.lower is not None:
            penalties.append((self.lower - prediction).clamp(min=0).square().mean())
        if self.upper is not None:
            penalties.append((prediction - self.upper).clamp(min=0).square().mean())
        if self.conserve_sum:
            penalties.append(squared_error(prediction.mean(-1), target.mean(-1)).mean())
        constraint = torch.stack(penalties).sum()
        return {"loss": data + self.weight * constraint, "data": data, "constraint": constraint}
