"""A task refuses a loss that compares something else than it has."""

from __future__ import annotations

from torch import nn

from assay.errors import UserError
from assay.loss_kinds import misfit

_TORCHS = {"CrossEntropyLoss": "classes", "NLLLoss": "classes"}
"""Losses of torch's that would often run all the same: they take values for probabilities."""


def require_loss(task: str, kind: str, loss: nn.Module) -> None:
    """Refuse a loss of another kind than the task's.

    Raises:
        UserError: names losses that fit.
    """
    if wrong := misfit(task, kind, type(loss).__name__, loss_kind(type(loss))):
        raise UserError(wrong)


def loss_kind(loss: type[nn.Module]) -> str:
    """What a loss compares; `any` if it does not say."""
    known = [_TORCHS[base.__name__] for base in loss.__mro__ if base.__name__ in _TORCHS]
    return str(getattr(loss, "kind", None) or (known or ["any"])[0])
