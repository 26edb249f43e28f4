"""The training loop: each epoch trains, validates, steps the schedulers, records, keeps the best."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from assay import streams
from assay.tasks import Batch, Sums
from assay.training.augment import augment
from assay.training.batches import Data
from assay.training.checkpoint import snapshot
from assay.training.history import column
from assay.training.measure import measure, stack, total
from assay.training.state import Run, State
from assay.training.step import take_step
from assay.training.trace import traced
from assay.training.watch import Watch


class Keeper:
    """What is told when a run could be continued from here, and may end the process there."""

    def after_step(self, run: Run) -> None:
        """A step is done; more are to come in this epoch."""

    def after_epoch(self, run: Run) -> None:
        """An epoch is done; another is to come."""


def train(
    run: Run,
    data: Data,
    validation: Data,
    watch: Watch,
    keeper: Keeper,
    keep: Callable[[State], Any] = lambda state: None,
) -> State | None:
    """Train a run from where it is to its end.

    Args:
        run: freshly built, or restored; it is changed in place.
        data: the training part.
        validation: the part that chooses the best epoch.
        watch: is told of everything and changes nothing.
        keeper: is told where the run could be continued.
        keep: receives the state after every `keep_every` epochs.

    Returns:
        The last state, None if the run diverged; the best is in `run`.
    """
    training = run.settings.training
    while not run.is_over:
        stacked = train_epoch(run, data, keeper)
        run.trace.append(traced(run, stacked))
        train_metrics = run.task.summarize(total(stacked, len(data)))
        watch.on_part_end("train", train_metrics, len(data))
        sums = measure(run.task, validation, run.settings.numerics, run.device, run.ranks)
        val_metrics = run.task.summarize(sums)
        watch.on_part_end("validation", val_metrics, len(validation))
        row: dict[str, float] = {"epoch": run.epoch}
        row |= {f"train_{name}": value for name, value in train_metrics.items()}
        row |= {f"val_{name}": value for name, value in val_metrics.items()}
        row |= _gradient_norms(run) | {"learning_rate": run.learning_rate}
        _step_schedulers(run, row)
        improved = run.history.add(row)
        watch.on_epoch_end(run.history, improved)
        if improved:  # what was validated, before callbacks may change it
            run.best = snapshot(run)
        for callback in run.callbacks:
            callback.on_epoch_end(run)
        diverged = run.history.diverged_in is not None
        if training.keep_every and run.epoch % training.keep_every == 0 and not diverged:
            keep(snapshot(run))
        run.next_epoch()
        if not run.is_over:
            keeper.after_epoch(run)
    for callback in run.callbacks:
        callback.on_train_end(run)
    last = None if run.history.diverged_in is not None else snapshot(run)
    watch.on_train_end(run.history)
    return last


def train_epoch(run: Run, data: Data, keeper: Keeper) -> Sums:
    """What is left of an epoch, in the epoch's order; the sums of each of its batches."""
    training = run.settings.training
    run.task.train()
    if run.step == 0:
        for callback in run.callbacks:
            callback.on_epoch_begin(run)
    order = torch.randperm(len(data), generator=streams.generator(run.seed, "order", run.epoch))
    chosen = order.split(training.batch_size)
    done = run.step * training.accumulate
    sizes = [len(positions) for positions in chosen[done:]]
    batches = _augmented(run, data, run.ranks.shares(chosen[done:]))
    steps = math.ceil(len(chosen) / training.accumulate)
    warmup = round(training.warmup_epochs * steps)
    while run.step < steps:
        _warm_up(run, (run.epoch - 1) * steps + run.step, warmup)
        for callback in run.callbacks:
            callback.on_batch_begin(run)
        group = list(islice(batches, training.accumulate))
        size = sum(sizes[: len(group)])
        del sizes[: len(group)]
        run.sums += take_step(run, group, size)
        run.step += 1
        for callback in run.callbacks:
            callback.on_batch_end(run)
        if run.step < steps:
            keeper.after_step(run)
    return stack(run.sums, run.ranks, run.earlier)


def _augmented(run: Run, data: Data, chosen: list[Tensor]) -> Iterator[Batch]:
    """The batches of these positions, their inputs changed as the recipe says."""
    batches = data.batches(chosen)
    if not run.augmentations or not chosen:
        return batches
    positions = torch.cat(chosen).to(data.samples.device)  # at once: a copy waits for the device
    samples = data.samples[positions].split([len(part) for part in chosen])
    return (
        (augment(run.augmentations, inputs, run.seed, run.epoch, ids), targets)
        for (inputs, targets), ids in zip(batches, samples, strict=True)
    )


def _warm_up(run: Run, done: int, warmup: int) -> None:
    """Set the learning rate of a step of the warm-up: a rising share of its value at the start."""
    if done >= warmup:
        return
    for optimizer in run.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * ((done + 1) / warmup)


def _step_schedulers(run: Run, row: Mapping[str, float]) -> None:
    """Step every scheduler, with its metric if it wants one; none in the epochs of the warm-up."""
    if run.epoch <= math.ceil(run.settings.training.warmup_epochs):
        return
    for scheduler in run.schedulers.values():
        metric = getattr(scheduler, "metric", None)
        if metric is None:
            scheduler.step()
        else:
            scheduler.step(column(row, metric, "training.scheduler.metric"))


def _gradient_norms(run: Run) -> dict[str, float]:
    """The epoch's mean of finite gradient norms, if they were noted: one column, or one an optimizer."""
    found = {}
    for name, norms in run.gradient_norms.items():
        values = torch.stack(norms).cpu().double()
        finite = values[values.isfinite()]  # the steps that a gradient scaler skips are not
        column = "gradient_norm" if len(run.optimizers) == 1 else f"gradient_norm_{name}"
        found[column] = float(finite.mean()) if len(finite) else math.nan
    return found
