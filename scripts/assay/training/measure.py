"""Sums over batches, gathered without waiting for the device, and the evaluation of one part of the data."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from assay import streams
from assay.settings.training import NumericsSettings
from assay.tasks import Sums, Task
from assay.training.batches import Data
from assay.training.precision import autocast
from assay.training.ranks import ALONE, Ranks

BATCH = 1024
"""Samples an evaluation step. Fixed: it decides the last bits of the sums."""


def stack(batches: Sequence[Sums], ranks: Ranks = ALONE, earlier: Sums | None = None) -> Sums:
    """The sums of each batch, of all processes: name → (batches, …), in double precision, on the CPU.

    Args:
        batches: of this process; a batch that it had no share of is empty.
        ranks: this process and the others.
        earlier: what comes before them, of all processes.
    """
    earlier = earlier or {}
    if not batches:
        return earlier
    template = next((batch for batch in batches if batch), {name: rows[0] for name, rows in earlier.items()})
    stacked: Sums = {}
    for name, value in template.items():
        rows = [batch[name] if name in batch else torch.zeros_like(value) for batch in batches]
        stacked[name] = torch.stack(rows).cpu().double()
    stacked = ranks.add_sums(stacked)
    return {name: torch.cat([earlier[name], rows]) if earlier else rows for name, rows in stacked.items()}


def total(stacked: Sums, count: int) -> Sums:
    """The sums over all batches, in order, and the number of samples as `count`."""
    return {name: rows.sum(0) for name, rows in stacked.items()} | {"count": torch.tensor(count)}


@torch.inference_mode()
def measure(
    task: Task,
    data: Data,
    settings: NumericsSettings,
    device: torch.device,
    ranks: Ranks = ALONE,
) -> Sums:
    """The task's sums over a part of the data, in evaluation mode, with a stream of its own."""
    task.eval()
    ranks.share_buffers(task)
    count = -(-len(data) // BATCH)
    own = range(ranks.rank, count, ranks.size)  # whole batches: a loss may compare their samples
    sums: list[Sums] = [{} for _ in range(count)]
    with autocast(settings, device):
        batches = data.in_order(BATCH, own or [0])
        for index, batch in zip(own or [0], batches, strict=True):
            streams.start(0, "evaluation", index)
            sums[index] = task.evaluation_step(batch)
    if not own:  # this process only says which sums there are
        sums[0] = {name: torch.zeros_like(value) for name, value in sums[0].items()}
    return total(stack(sums, ranks), len(data))


@torch.inference_mode()
def predict(
    task: Task, data: Data, settings: NumericsSettings, device: torch.device
) -> dict[str, list[float]]:
    """The task's predictions: column → one value a sample."""
    task.eval()
    columns: dict[str, list[float]] = {}
    with autocast(settings, device):
        for index, (inputs, _) in enumerate(data.in_order(BATCH)):
            streams.start(0, "evaluation", index)
            for name, values in task.predictions(inputs).items():
                columns.setdefault(name, []).extend(values)
    return columns
