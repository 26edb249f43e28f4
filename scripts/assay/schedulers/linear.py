"""A straight line from the learning rate down."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LinearLR, LRScheduler


def linear(optimizer: Optimizer, epochs: int, *, end_factor: float = 0.0) -> LRScheduler:
    """Linear decay from the learning rate to `end_factor` of it, which is reached after the last epoch.

    Raises:
        ValueError: the end factor is not from 0 to 1.
    """
    if not 0 <= end_factor <= 1:
        raise ValueError(f"end_factor must be from 0 to 1, not {end_factor}")
    return LinearLR(optimizer, start_factor=1.0, end_factor=end_factor, total_iters=epochs)
