"""Checkpoints: what of a run is kept, how it is written, read back and digested. Never by pickle.

A checkpoint holds `model`, `optimizers`, `schedulers`, `scaler`, `epoch`, `history` (with the best value
so far), and who made it: `recipe`, `address`, `seed`, `model_class`, `versions`.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from assay.digest import tensors_digest
from assay.errors import UserError
from assay.store import write_atomically
from assay.tasks import Task
from assay.training.history import History

State = dict[str, Any]

_NOT_BITS = ("versions", "recipe")
"""What a digest leaves out: versions, and the recipe's text, for which the address stands already."""


def snapshot(
    epoch: int,
    task: Task,
    optimizers: Mapping[str, Optimizer],
    schedulers: Mapping[str, LRScheduler],
    history: History,
) -> State:
    """A copy of all that an epoch has led to."""
    model = type(task.model)
    return {
        "epoch": epoch,
        "model_class": f"{model.__module__}:{model.__qualname__}",
        "model": _copied(task.model.state_dict()),
        "optimizers": {name: _copied(item.state_dict()) for name, item in optimizers.items()},
        "schedulers": {name: _scheduler_state(item) for name, item in schedulers.items()},
        "scaler": None,
        "history": copy.deepcopy(history.plain()),
    }


def save(path: Path, state: State) -> str:
    """Write a checkpoint and return its digest."""
    buffer = io.BytesIO()  # a file's name would enter its bytes
    torch.save(state, buffer)
    write_atomically(path, buffer.getvalue())
    return digest(state)


def digest(state: State) -> str:
    """SHA-256 of a checkpoint's content: every tensor, number and name, but neither versions nor recipe."""
    kept = {key: value for key, value in state.items() if key not in _NOT_BITS}
    return hashlib.sha256(json.dumps(_digestible(kept), sort_keys=True).encode()).hexdigest()


def load(path: Path, device: torch.device | str = "cpu") -> State:
    """Read a checkpoint.

    Raises:
        UserError: it is missing, damaged, or holds anything but tensors and plain data.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no checkpoint here") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{path}: is damaged or is no checkpoint of tensors and plain data") from error
    if not isinstance(state, dict) or "model" not in state:
        raise UserError(f"{path}: is no checkpoint of Assay's")
    return state


def load_weights(model: nn.Module, state: State, path: Path) -> None:
    """Put a checkpoint's weights into a model of the same class, in evaluation mode.

    Raises:
        UserError: it was made by another class of model, or its tensors do not fit.
    """
    own = f"{type(model).__module__}:{type(model).__qualname__}"
    if state.get("model_class", own) != own:
        raise UserError(f"{path}: holds a {state['model_class']}, not a {own}")
    try:
        model.load_state_dict(state["model"])
    except RuntimeError as error:
        raise UserError(f"{path}: does not fit {own}: {error}") from error
    model.eval()


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return value


def _scheduler_state(scheduler: LRScheduler) -> State:
    """A scheduler's own state: plain numbers, without functions."""
    state = scheduler.state_dict()
    return {key: _copied(value) for key, value in state.items() if not callable(value)}


def _digestible(value: Any) -> Any:
    """The same structure with each tensor replaced by its digest, keys as text."""
    if isinstance(value, torch.Tensor):
        return f"tensor:{tensors_digest({'': value})}"
    if isinstance(value, Mapping):
        return {str(key): _digestible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_digestible(item) for item in value]
    return value
