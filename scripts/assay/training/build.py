"""From a recipe to a run: its device, task, optimizers, schedulers, callbacks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from assay import components, construct, streams
from assay.callbacks import Callback
from assay.data.prepared import Prepared
from assay.errors import UserError
from assay.settings.component import Component
from assay.settings.stages import TrainSettings
from assay.tasks import Task
from assay.training import compiler
from assay.training.failures import is_memory
from assay.training.history import History
from assay.training.precision import make_scaler
from assay.training.ranks import ALONE, Ranks
from assay.training.state import Run


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is a GPU if there is one, and a GPU without a number the first.

    Raises:
        UserError: the device is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(f"device: {name!r} is not auto, cpu, mps, cuda or cuda:N") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(f"device: {name!r} is not here; there are {torch.cuda.device_count()} GPUs")
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)
        torch.cuda.set_device(device)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UserError("device: 'mps' is not here")
    return device


def build_task(settings: TrainSettings, prepared: Prepared, device: torch.device) -> Task:
    """The task with its model and loss; draws the first weights from the global generator.

    Raises:
        UserError: the model does not fit the data.
    """
    meta = prepared.meta
    task_class = construct.load("tasks", settings.task.name)
    targets = meta.get("targets", "classes")
    if task_class.targets not in ("any", targets):
        raise UserError(
            f"task {settings.task.name}: needs data with {task_class.targets}; "
            f"the targets of {meta['source']} are {targets}"
        )
    model = build("models", settings.model, tuple(meta["input_shape"]), task_class.outputs(meta))
    loss = build("losses", settings.loss)
    for kind, made in ((settings.model.name, model), (settings.loss.name, loss)):
        if not isinstance(made, nn.Module):
            raise UserError(f"{kind}: makes a {type(made).__name__}, not a torch.nn.Module")
    task: Task = build("tasks", settings.task, meta, model, loss)
    return task.to(device)


def build_run(
    settings: TrainSettings, prepared: Prepared, seed: int, device: torch.device, ranks: Ranks = ALONE
) -> Run:
    """A run before its first step. Numerics must have been configured.

    Raises:
        UserError: parts of the recipe do not fit each other, the data or the device.
    """
    training = settings.training
    compiler.leave_out()
    streams.start(seed, "initialisation")
    task = build_task(settings, prepared, device)
    parameters = {name: list(group) for name, group in task.optimized().items()}
    for name, group in parameters.items():
        if not any(parameter.requires_grad for parameter in group):
            raise UserError(f"model {settings.model.name}: has no parameters to train ({name})")
    optimizers = _made("optimizers", training.optimizer, parameters, training.learning_rate)
    epochs = max(1, training.epochs - math.ceil(training.warmup_epochs))
    return Run(
        settings=settings,
        seed=seed,
        device=device,
        task=task,
        parameters=parameters,
        optimizers=optimizers,
        schedulers=_made("schedulers", training.scheduler, optimizers, epochs),
        scaler=make_scaler(settings.numerics, device),
        callbacks=[_callback(item) for item in training.callbacks],
        augmentations=[build("augmentations", item) for item in training.augmentations],
        history=History(training, seed),
        ranks=ranks,
    )


def build(group: str, component: Component, *arguments: Any) -> Any:
    """A component, made with what it takes and its settings.

    Raises:
        UserError: it refuses its settings.
    """
    made = construct.load(group, component.name)
    try:
        return made(*arguments, **component.settings)
    except (ValueError, TypeError, RuntimeError) as error:
        if is_memory(error):
            raise
        raise UserError(f"{components.GROUPS[group]} {component.name}: {error}") from error


def _callback(component: Component) -> Callback:
    made = build("callbacks", component)
    if not isinstance(made, Callback):
        raise UserError(f"callback {component.name}: makes a {type(made).__name__}, not a Callback")
    return made


def _made(group: str, component: Component, each: Mapping[str, Any], argument: float) -> dict[str, Any]:
    """One optimizer or scheduler for each group of parameters."""
    return {name: build(group, component, item, argument) for name, item in each.items()}
