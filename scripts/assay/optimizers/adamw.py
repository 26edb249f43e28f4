"""AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn


def adamw(
    parameters: Iterable[nn.Parameter],
    learning_rate: float,
    *,
    betas: Sequence[float] = (0.9, 0.999),
    weight_decay: float = 0.01,
) -> torch.optim.Optimizer:
    """Adam; weight decay shrinks the weights themselves, in proportion to the learning rate."""
    first, second = betas
    # one kernel: faster, and without MKL's square root, whose bits depend on the processor
    return torch.optim.AdamW(
        parameters, learning_rate, (first, second), weight_decay=weight_decay, fused=True
    )
