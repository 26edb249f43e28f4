"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


def sgd(
    parameters: Iterable[nn.Parameter],
    learning_rate: float,
    *,
    momentum: float = 0.9,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """SGD with momentum; weight decay is added to the gradient."""
    return torch.optim.SGD(parameters, learning_rate, momentum, nesterov=nesterov, weight_decay=weight_decay)
