"""Which losses fit a task: those of its kind, and those that do not say what they are for."""

from __future__ import annotations

from torch import nn

from assay import components
from assay.errors import UserError, choose

_TORCHS = {"CrossEntropyLoss": "classes", "NLLLoss": "classes"}
"""Losses of torch's that would often run all the same: they take values for probabilities."""


def require_loss(task: str, kind: str, loss: nn.Module) -> None:
    """Refuse a loss of another kind than the task's.

    Raises:
        UserError: names losses that fit.
    """
    found = loss_kind(type(loss))
    if "any" not in (kind, found) and found != kind:
        raise UserError(
            f"task {task} needs a loss of {kind}, {type(loss).__name__} is one of {found}; "
            f"{choose('', losses_of(kind))}"
        )


def loss_kind(loss: type[nn.Module]) -> str:
    """What a loss compares; `any` if it does not say."""
    known = [_TORCHS[base.__name__] for base in loss.__mro__ if base.__name__ in _TORCHS]
    return str(getattr(loss, "kind", None) or (known or ["any"])[0])


def losses_of(kind: str) -> list[str]:
    """The short names of the losses of a kind."""
    names = components.names("losses")
    return [name for name in names if components.define("losses", name).literals.get("kind") == kind]
