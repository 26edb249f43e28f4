"""From a recipe to what is trained: task, optimizers, schedulers, data on the device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from assay import components
from assay.data.prepared import Prepared
from assay.errors import UserError
from assay.settings.stages import TrainSettings
from assay.settings.training import TrainingSettings
from assay.tasks import Task


@dataclass(frozen=True)
class Data:
    """One part of the prepared data, on the device."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is a GPU if there is one.

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
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UserError("device: 'mps' is not here")
    return device


def build_task(settings: TrainSettings, prepared: Prepared, device: torch.device) -> Task:
    """The task with its model and loss; draws the first weights from the global generator.

    Raises:
        UserError: the model does not fit the data.
    """
    meta = prepared.meta
    task_class = components.load("tasks", settings.task.name)
    make_model = components.load("models", settings.model.name)
    make_loss = components.load("losses", settings.loss.name)
    try:
        model = make_model(tuple(meta["input_shape"]), task_class.outputs(meta), **settings.model.settings)
        loss = make_loss(**settings.loss.settings)
    except (ValueError, TypeError) as error:
        raise UserError(f"model {settings.model.name} or loss {settings.loss.name}: {error}") from error
    for kind, made in ((settings.model.name, model), (settings.loss.name, loss)):
        if not isinstance(made, nn.Module):
            raise UserError(f"{kind}: makes a {type(made).__name__}, not a torch.nn.Module")
    task: Task = task_class(meta, model.to(device), loss.to(device), **settings.task.settings)
    return task


def build_optimizers(task: Task, settings: TrainingSettings) -> dict[str, Optimizer]:
    """One optimizer for each group of parameters that the task names."""
    make = components.load("optimizers", settings.optimizer.name)
    return {
        name: make(list(parameters), settings.learning_rate, **settings.optimizer.settings)
        for name, parameters in task.optimized().items()
    }


def build_schedulers(optimizers: dict[str, Optimizer], settings: TrainingSettings) -> dict[str, LRScheduler]:
    """One scheduler an optimizer."""
    make = components.load("schedulers", settings.scheduler.name)
    return {
        name: make(optimizer, settings.epochs, **settings.scheduler.settings)
        for name, optimizer in optimizers.items()
    }


def load_part(prepared: Prepared, part: str, device: torch.device) -> Data:
    """One part of the data as tensors; inputs in torch's default type."""
    indices = prepared.parts[part]
    inputs = torch.from_numpy(prepared.inputs[indices]).to(torch.get_default_dtype())
    return Data(inputs.to(device), torch.from_numpy(prepared.targets[indices]).to(device))
