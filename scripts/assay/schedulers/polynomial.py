"""A power of the share of epochs that are left."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, PolynomialLR


def polynomial(optimizer: Optimizer, epochs: int, *, power: float = 0.9) -> LRScheduler:
    """Learning rate × (1 - t/epochs)^power after t epochs, 0 after the last; with power 1 it is `linear`.

    The "poly" policy and its power: Chen et al. 2017, "Rethinking Atrous Convolution for Semantic Image
    Segmentation", section 4.1.

    Raises:
        ValueError: the power is not greater than 0.
    """
    if not power > 0:
        raise ValueError(f"power must be greater than 0, not {power}")
    return PolynomialLR(optimizer, total_iters=epochs, power=power)
