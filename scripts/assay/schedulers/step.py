"""The learning rate in steps."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, StepLR

from assay.schedulers._checks import require_factor


def step(optimizer: Optimizer, epochs: int, *, every: int = 10, factor: float = 0.1) -> LRScheduler:
    """Multiply by `factor` after every so many epochs.

    Raises:
        ValueError: `every` is less than 1, or the factor not greater than 0.
    """
    if every < 1:
        raise ValueError(f"every must be at least 1, not {every}")
    require_factor(factor)
    return StepLR(optimizer, step_size=every, gamma=factor)
