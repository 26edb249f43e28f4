"""The learning rate as it is."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, LRScheduler


def constant(optimizer: Optimizer, epochs: int) -> LRScheduler:
    """No change."""
    return ConstantLR(optimizer, factor=1.0, total_iters=epochs)
