"""The training loop: each epoch trains, validates, steps the scheduler, records, keeps the best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim import Optimizer

from assay import streams
from assay.data.prepared import Prepared
from assay.settings.stages import TrainSettings
from assay.tasks import Sums, Task
from assay.training.build import Data, build_optimizers, build_schedulers, build_task, load_part
from assay.training.checkpoint import State, snapshot
from assay.training.history import History
from assay.training.measure import measure, total
from assay.training.watch import Setup, Watch


@dataclass(frozen=True)
class Trained:
    """The end of a run. A run that diverged has a history and no states."""

    task: Task
    history: History
    best: State | None
    last: State | None


def train(
    settings: TrainSettings,
    prepared: Prepared,
    seed: int,
    device: torch.device,
    watch: Watch,
    keep: Callable[[State], Any] | None = None,
) -> Trained:
    """Train one model.

    Args:
        settings: the recipe's settings. Numerics must have been configured.
        prepared: the data.
        seed: seed of every stream of random numbers.
        device: where to compute.
        watch: is told of everything and changes nothing.
        keep: receives the state after every `keep_every` epochs.
    """
    training = settings.training
    streams.start(seed, "initialisation")
    task = build_task(settings, prepared, device)
    optimizers = build_optimizers(task, training)
    schedulers = build_schedulers(optimizers, training)
    data = load_part(prepared, "train", device)
    validation = load_part(prepared, "validation", device)
    history, best = History(training, seed), None
    watch.on_start(Setup(settings, prepared, seed, device, task, optimizers, schedulers))
    for epoch in range(1, training.epochs + 1):
        learning_rate = next(iter(optimizers.values())).param_groups[0]["lr"]
        sums = train_epoch(task, optimizers, data, training.batch_size, seed, epoch)
        train_metrics = task.summarize(sums)
        watch.on_part_end("train", train_metrics, len(data))
        val_metrics = task.summarize(measure(task, validation))
        watch.on_part_end("validation", val_metrics, len(validation))
        for scheduler in schedulers.values():
            scheduler.step()
        row: dict[str, float] = {"epoch": epoch}
        row |= {f"train_{name}": value for name, value in train_metrics.items()}
        row |= {f"val_{name}": value for name, value in val_metrics.items()}
        improved = history.add(row | {"learning_rate": learning_rate})
        watch.on_epoch_end(history, improved)
        if history.diverged_in is not None:
            watch.on_train_end(history)
            return Trained(task, history, None, None)
        if improved:
            best = snapshot(epoch, task, optimizers, schedulers, history)
        if keep is not None and training.keep_every and epoch % training.keep_every == 0:
            keep(snapshot(epoch, task, optimizers, schedulers, history))
    watch.on_train_end(history)
    last = snapshot(training.epochs, task, optimizers, schedulers, history)
    return Trained(task, history, best, last)


def train_epoch(
    task: Task,
    optimizers: dict[str, Optimizer],
    data: Data,
    batch_size: int,
    seed: int,
    epoch: int,
) -> Sums:
    """One pass over the data in the epoch's order; the sums of all batches."""
    task.model.train()
    task.loss.train()
    order = torch.randperm(len(data), generator=streams.generator(seed, "order", epoch))
    batches: list[Sums] = []
    for step, indices in enumerate(order.to(data.inputs.device).split(batch_size)):
        streams.start(seed, "forward", epoch, step)
        batch = (data.inputs[indices], data.targets[indices])
        sums: Sums = {}
        for name, optimizer in optimizers.items():
            loss, part = task.training_step(batch, name)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            sums |= part
        batches.append(sums)
    return total(batches, len(data))
