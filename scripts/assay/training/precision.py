"""Mixed precision: where the forward pass is computed in half the bits, and the scaler that float16 needs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import torch

from assay.settings.training import NumericsSettings

if TYPE_CHECKING:
    from torch.amp.grad_scaler import GradScaler

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(settings: NumericsSettings, device: torch.device) -> AbstractContextManager[object]:
    """A context in which operations that bear it compute in `mixed_precision`."""
    kind = _TYPES.get(settings.mixed_precision)
    return nullcontext() if kind is None else torch.autocast(device.type, kind)


def make_scaler(settings: NumericsSettings, device: torch.device) -> GradScaler | None:
    """For float16, what keeps small gradients above its smallest number (Micikevicius et al. 2018)."""
    return torch.amp.GradScaler(device.type) if settings.mixed_precision == "fp16" else None
