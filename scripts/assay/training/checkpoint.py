"""Checkpoints: what of a run is kept, how it is written, read back and digested. Never by pickle.

A checkpoint holds `model`, `task` (what the task has beside its model), `optimizers`, `schedulers`,
`scaler`, `callbacks`, `epoch`, `history` (with the best value so far), and who made it: `model_class`,
`input_shape`, `outputs`, `recipe`, `address`, `seed`, `versions`.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from assay.digest import tensors_digest
from assay.errors import UserError
from assay.store import write_atomically
from assay.tasks import Task
from assay.training.state import Run, State

log = logging.getLogger("assay.checkpoint")

NOT_BITS = ("versions", "recipe", "address")
"""What a digest leaves out: versions, and what was asked for. Equal bits have equal digests."""


def snapshot(run: Run) -> State:
    """A copy of all that the run's last epoch has led to."""
    task, history = run.task, run.history.plain()
    return {
        "epoch": len(run.history.rows),
        "model_class": class_name(task.model),
        "model": _copied(task.model.state_dict()),
        "task": _copied(_beside_model(task)),
        "optimizers": {name: _copied(item.state_dict()) for name, item in run.optimizers.items()},
        "schedulers": {name: _plain_state(item.state_dict()) for name, item in run.schedulers.items()},
        "scaler": None if run.scaler is None else _copied(run.scaler.state_dict()),
        "callbacks": [_copied(callback.state_dict()) for callback in run.callbacks],
        "history": history | {"history": [dict(row) for row in history["history"]]},
    }


def restore(run: Run, state: State) -> None:
    """Put a state into a freshly built run, which then continues from it."""
    run.task.model.load_state_dict(state["model"])
    run.task.load_state_dict(state["task"], strict=False)
    for name, optimizer in run.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    for name, scheduler in run.schedulers.items():
        scheduler.load_state_dict(state["schedulers"][name])
    if run.scaler is not None:
        run.scaler.load_state_dict(state["scaler"])
    for callback, remembered in zip(run.callbacks, state["callbacks"], strict=True):
        callback.load_state_dict(remembered)
    run.history.restore(state["history"])


def save(path: Path, state: State) -> str:
    """Write a checkpoint and return its digest. Equal states give equal bytes."""
    state = canonical(state)  # from the device once, for both
    write_atomically(path, to_bytes(state))
    return digest(state)


def to_bytes(state: State) -> bytes:
    """The bytes of a state's file."""
    buffer = io.BytesIO()  # a file's name would enter its bytes
    torch.save(canonical(state), buffer)
    return buffer.getvalue()


def digest(state: State) -> str:
    """SHA-256 of a checkpoint's content: every tensor, number and name; neither versions nor the recipe."""
    kept = {key: value for key, value in state.items() if key not in NOT_BITS}
    return hashlib.sha256(json.dumps(_digestible(kept), sort_keys=True).encode()).hexdigest()


def load(path: Path, key: str = "model") -> State:
    """Read a checkpoint, its tensors to the CPU's memory.

    Args:
        path: its file.
        key: what it must have.

    Raises:
        UserError: it is missing, damaged, or holds anything but tensors and plain data.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no checkpoint here") from error
    except (PermissionError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # of a damaged file, the reader may raise anything
        raise UserError(f"{path}: is damaged or is no checkpoint of tensors and plain data") from error
    if not isinstance(state, dict) or key not in state:
        unfinished = isinstance(state, dict) and "state" in state
        what = "is the state of a run that is not finished" if unfinished else "is no checkpoint of Assay's"
        raise UserError(f"{path}: {what}")
    return state


def load_weights(task: Task, state: State, where: Path | str) -> None:
    """Put a checkpoint's weights into a task with a model of the same class, in evaluation mode.

    Raises:
        UserError: it was made by another class of model, or its tensors do not fit.
    """
    load_model(task.model, state, where)
    try:
        missing, unknown = task.load_state_dict(state.get("task", {}), strict=False)
    except RuntimeError as error:
        raise UserError(f"{where}: does not fit the task: {error}") from error
    if unknown or any(not name.startswith("model.") for name in missing):
        raise UserError(f"{where}: does not fit the task: {', '.join([*unknown, *missing][:3])}")
    task.eval()


def load_model(model: nn.Module, state: State, where: Path | str, strict: bool = True) -> None:
    """Put a checkpoint's weights into a model of the same class, in evaluation mode.

    Args:
        model: what they are put into.
        state: of a checkpoint.
        where: the checkpoint's file, for messages.
        strict: refuse a model that lacks or adds tensors; otherwise warn and load the others.

    Raises:
        UserError: it was made by another class of model, or its tensors do not fit.
    """
    own = class_name(model)
    if "model_class" not in state:
        log.warning(f"{where}: does not say which model it is of; it is taken for a {own}")
    elif state["model_class"] != own:
        raise UserError(f"{where}: holds a {state['model_class']}, not a {own}")
    try:
        missing, unknown = model.load_state_dict(state["model"], strict=strict)
    except RuntimeError as error:
        raise UserError(f"{where}: does not fit {own}: {error}") from error
    if missing or unknown:
        log.warning(f"{where}: not in it: {', '.join(missing) or 'nothing'}; not used: {', '.join(unknown)}")
    model.eval()


def class_name(model: nn.Module) -> str:
    """The import path of a model's class."""
    return f"{type(model).__module__}:{type(model).__qualname__}"


def _beside_model(task: Task) -> State:
    """The state of what a task has beside its model: a loss's weights, a discriminator."""
    return {name: value for name, value in task.state_dict().items() if not name.startswith("model.")}


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return value


def _plain_state(state: Mapping[str, Any]) -> State:
    """A scheduler's state without the functions in it, which its settings make again."""
    return {key: _copied(value) for key, value in state.items() if not callable(value)}


def canonical(value: Any) -> Any:
    """The same structure in new containers, tensors in the CPU's memory, with one object for equal texts.

    The file format notes where an object stands a second time, and on which device a tensor is, so a state
    that was read back from a file would otherwise give other bytes.
    """
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, str):
        return sys.intern(str(value))
    if isinstance(value, Mapping):
        return {canonical(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return value


def _digestible(value: Any) -> Any:
    """The same structure with each tensor replaced by its digest, keys as text."""
    if isinstance(value, torch.Tensor):
        return f"tensor:{tensors_digest({'': value})}"
    if isinstance(value, Mapping):
        return {str(key): _digestible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_digestible(item) for item in value]
    return value
