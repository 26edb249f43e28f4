"""Half a cosine from the learning rate down."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler


def cosine(optimizer: Optimizer, epochs: int, *, minimum: float = 0.0) -> LRScheduler:
    """Cosine annealing without restarts (Loshchilov & Hutter 2017), to `minimum` after the last epoch."""
    return CosineAnnealingLR(optimizer, T_max=epochs, eta_min=minimum)
