"""Sums over batches, gathered without waiting for the device, and the evaluation of one part of the data."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from assay import streams
from assay.tasks import Sums, Task
from assay.training.build import Data

BATCH = 1024
"""Samples an evaluation step. Fixed: it decides the last bits of the sums."""


def total(batches: Sequence[Sums], count: int) -> Sums:
    """The sums of all batches, added up in double precision, in order, on the CPU; with the `count`."""
    names = batches[0].keys()
    sums: Sums = {
        name: torch.stack([batch[name] for batch in batches]).cpu().double().sum(0) for name in names
    }
    return sums | {"count": torch.tensor(count)}


@torch.inference_mode()
def measure(task: Task, data: Data) -> Sums:
    """The task's sums over a part of the data, in evaluation mode, with a stream of its own."""
    streams.start(0, "evaluation")
    task.model.eval()
    task.loss.eval()
    batches = zip(data.inputs.split(BATCH), data.targets.split(BATCH), strict=True)
    return total([task.evaluation_step(batch) for batch in batches], len(data))


@torch.inference_mode()
def predict(task: Task, inputs: Tensor) -> dict[str, list[float]]:
    """The task's predictions: column → one value a sample."""
    streams.start(0, "evaluation")
    task.model.eval()
    columns: dict[str, list[float]] = {}
    for batch in inputs.split(BATCH):
        for name, values in task.predictions(batch).items():
            columns.setdefault(name, []).extend(values)
    return columns
