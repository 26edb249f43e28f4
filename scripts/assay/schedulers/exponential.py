"""The learning rate times a factor after every epoch."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ExponentialLR, LRScheduler

from assay.schedulers._checks import require_factor


def exponential(optimizer: Optimizer, epochs: int, *, factor: float = 0.95) -> LRScheduler:
    """Multiply by `factor` after every epoch.

    Raises:
        ValueError: the factor is not greater than 0.
    """
    require_factor(factor)
    return ExponentialLR(optimizer, gamma=factor)
