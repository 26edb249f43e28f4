"""Adam (Kingma & Ba 2015)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn


def adam(
    parameters: Iterable[nn.Parameter],
    learning_rate: float,
    *,
    betas: Sequence[float] = (0.9, 0.999),
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Adam; weight decay is added to the gradient."""
    first, second = betas
    # one kernel: faster, and without MKL's square root, whose bits depend on the processor
    return torch.optim.Adam(parameters, learning_rate, (first, second), weight_decay=weight_decay, fused=True)
