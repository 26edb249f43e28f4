"""What the settings of several schedulers must be; each check raises a ValueError that names the setting."""

from __future__ import annotations

from torch.optim import Optimizer


def require_factor(factor: float) -> None:
    """Refuse a factor of the learning rate that is not greater than 0."""
    if not factor > 0:
        raise ValueError(f"factor must be greater than 0, not {factor}")


def require_minimum(minimum: float, optimizer: Optimizer) -> None:
    """Refuse a least learning rate that is negative or above the one at the start."""
    start = min(float(group["lr"]) for group in optimizer.param_groups)
    if not 0 <= minimum <= start:
        raise ValueError(f"minimum must be from 0 to the learning rate, {start:g}, not {minimum}")
