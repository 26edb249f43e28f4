"""Look at the gradients every so many steps and warn where they explode."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from assay.callbacks import Callback

if TYPE_CHECKING:
    from assay.training.state import Run

log = logging.getLogger("assay.gradients")


class GradientMonitor(Callback):
    """Log norm, mean and largest absolute value of the gradients; changes nothing.

    Args:
        interval: steps between two looks.
        alert: norm above which a look is a warning.
    """

    def __init__(self, *, interval: int = 100, alert: float = 10.0) -> None:
        if interval < 1 or alert <= 0:
            raise ValueError("interval must be at least 1, alert above 0")
        self.interval, self.alert = interval, alert
        self.seen: dict[str, int] = {}

    def on_gradients(self, run: Run, optimizer: str) -> None:
        """Count, and look every `interval` steps."""
        self.seen[optimizer] = self.seen.get(optimizer, 0) + 1
        if self.seen[optimizer] % self.interval:
            return
        norm, mean, largest = measured(run.parameters[optimizer])
        level = logging.INFO if norm <= self.alert else logging.WARNING
        log.log(
            level,
            f"epoch {run.epoch}, step {run.step + 1}: gradients of {optimizer}: norm {norm:.4g}"
            f"{'' if norm <= self.alert else f' (above {self.alert:g})'}, "
            f"mean {mean:.4g}, largest {largest:.4g}",
        )

    def state_dict(self) -> dict[str, Any]:
        """Steps seen, by optimizer."""
        return {"seen": dict(self.seen)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue to count."""
        self.seen = dict(state["seen"])


def measured(parameters: list[torch.nn.Parameter]) -> tuple[float, float, float]:
    """Norm, mean and largest absolute value of all gradients together; 0 where there are none."""
    gradients: list[Tensor] = [p.grad.reshape(-1).cpu().double() for p in parameters if p.grad is not None]
    if not gradients:
        return 0.0, 0.0, 0.0
    values = torch.cat(gradients).abs()
    return float(values.square().sum().sqrt()), float(values.mean()), float(values.max())
