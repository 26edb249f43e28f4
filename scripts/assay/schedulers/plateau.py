"""Lower the learning rate when a measured value stops getting better."""

from __future__ import annotations

from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from assay.schedulers._checks import require_minimum


class Plateau(ReduceLROnPlateau):
    """Multiply by `factor` when `metric` has not improved for more than `patience` epochs.

    It is torch's ReduceLROnPlateau with one difference: `threshold` is relative to the size of the best
    value, so that it also holds for negative values, where torch's takes a slightly worse value for a better
    one. A value that is not a number is no improvement.

    Args:
        optimizer: its learning rates are lowered.
        epochs: not used.
        metric: the column of the history that `step` is called with.
        mode: whether less or more of it is better.
        factor: between 0 and 1.
        patience: epochs without improvement that are borne.
        threshold: the least improvement that counts, as a share of the best value; from 0 to below 1.
        cooldown: epochs after a reduction in which nothing is counted.
        minimum: the learning rate is not lowered below it.

    Raises:
        ValueError: a setting is out of its range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        *,
        metric: str = "val_loss",
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        minimum: float = 0.0,
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be min or max, not {mode!r}")
        if not 0 < factor < 1:
            raise ValueError(f"factor must be greater than 0 and less than 1, not {factor}")
        if not 0 <= threshold < 1:
            raise ValueError(f"threshold must be at least 0 and less than 1, not {threshold}")
        for name, count in (("patience", patience), ("cooldown", cooldown)):
            if count < 0:
                raise ValueError(f"{name} must be at least 0, not {count}")
        require_minimum(minimum, optimizer)
        super().__init__(
            optimizer,
            mode=mode,
            factor=factor,
            patience=patience,
            threshold=threshold,
            cooldown=cooldown,
            min_lr=minimum,
            eps=0.0,  # torch would skip reductions by less than 1e-8
        )
        self.metric = metric
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])  # as all other schedulers of torch do

    def _is_better(self, value: float, best: float) -> bool:
        """Whether a value improves on the best; torch asks this in `step`."""
        share = self.threshold if best > 0 else -self.threshold
        if self.mode == "min":
            return bool(value < best * (1 - share))
        return bool(value > best * (1 + share))
