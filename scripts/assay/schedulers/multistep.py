"""The learning rate in steps at chosen epochs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, MultiStepLR

from assay.schedulers._checks import require_factor


def multistep(
    optimizer: Optimizer, epochs: int, *, milestones: Sequence[int], factor: float = 0.1
) -> LRScheduler:
    """Multiply by `factor` after each of the epochs `milestones`, which count from 1 after the warm-up.

    Milestones from the last epoch on have no effect.

    Raises:
        ValueError: the milestones are not rising numbers from 1, or the factor is not greater than 0.
    """
    if not milestones or milestones[0] < 1 or any(after <= before for before, after in pairwise(milestones)):
        raise ValueError(f"milestones must be rising numbers of epochs, from 1 on, not {list(milestones)}")
    require_factor(factor)
    return MultiStepLR(optimizer, milestones=milestones, gamma=factor)
