"""Half a cosine from the learning rate down."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

from assay.schedulers._checks import require_minimum


def cosine(optimizer: Optimizer, epochs: int, *, minimum: float = 0.0) -> LRScheduler:
    """Cosine annealing without restarts (Loshchilov & Hutter 2017), to `minimum` after the last epoch.

    Raises:
        ValueError: the minimum is negative or above the learning rate.
    """
    require_minimum(minimum, optimizer)
    return CosineAnnealingLR(optimizer, T_max=epochs, eta_min=minimum)
