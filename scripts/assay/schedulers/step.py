"""The learning rate in steps."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, StepLR


def step(optimizer: Optimizer, epochs: int, *, every: int = 10, factor: float = 0.1) -> LRScheduler:
    """Multiply by `factor` after every so many epochs."""
    return StepLR(optimizer, step_size=every, gamma=factor)
