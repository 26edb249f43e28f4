"""Half cosines, each starting again from the learning rate and longer than the one before."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, LRScheduler

from assay.schedulers._checks import require_minimum


def cosine_restarts(
    optimizer: Optimizer, epochs: int, *, first: int = 10, growth: int = 2, minimum: float = 0.0
) -> LRScheduler:
    """SGDR: cosine annealing with warm restarts (Loshchilov & Hutter 2017, section 3, equation 5).

    The first cycle has `first` epochs, each later one `growth` times as many as the one before; with the
    defaults the cycles end after 10, 30, 70, … epochs. A number of epochs that ends a cycle ends at its
    lowest learning rate.

    Raises:
        ValueError: `first` or `growth` is less than 1, or the minimum negative or above the learning rate.
    """
    if first < 1:
        raise ValueError(f"first must be at least 1, not {first}")
    if growth < 1:
        raise ValueError(f"growth must be at least 1, not {growth}")
    require_minimum(minimum, optimizer)
    return CosineAnnealingWarmRestarts(optimizer, T_0=first, T_mult=growth, eta_min=minimum)
