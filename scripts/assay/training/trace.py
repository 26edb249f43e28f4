"""The trace of a run: checksums of what every epoch and step led to, to find where two runs part.

trace.jsonl   a line an epoch:
    epoch        counts from 1
    steps        8 hex digits a batch: CRC-32 of the batch's sums (its loss, what its metrics are made of)
    tensors      name → CRC-32 of every tensor of task and model after the epoch's last step
    optimizers   name → CRC-32 of the optimizer's state then
    streams      CRC-32 of torch's random state then

A checksum finds where two runs part; that they are equal is what the digests of the receipt prove. CRC-32,
because it costs a fraction of what an optimizer's step does.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from assay.tasks import Sums
from assay.training.state import Run

TRACE = "trace.jsonl"

Row = dict[str, Any]
"""One epoch of a trace."""


def traced(run: Run, stacked: Sums) -> Row:
    """The row of the epoch whose steps are all done.

    Args:
        run: the run after the steps, before anything is validated.
        stacked: the sums of each batch, name → (batches, …).
    """
    tensors = {name: _hex(_checksum(value)) for name, value in run.task.state_dict().items()}
    optimizers = {name: _hex(_state(item.state_dict())) for name, item in run.optimizers.items()}
    return {
        "epoch": run.epoch,
        "steps": _steps(stacked),
        "tensors": tensors,
        "optimizers": optimizers,
        "streams": _hex(_checksum(torch.get_rng_state())),
    }


def to_lines(rows: Sequence[Row]) -> str:
    """The text of `trace.jsonl`."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _steps(stacked: Sums) -> str:
    columns = [stacked[name].reshape(len(stacked[name]), -1) for name in sorted(stacked)]
    return "".join(_hex(zlib.crc32(row.data)) for row in torch.cat(columns, dim=1).numpy())


def _state(value: Any, start: int = 0) -> int:
    """The checksum of an optimizer's state: tensors by their bytes, all else by its text."""
    if isinstance(value, Tensor):
        return _checksum(value, start)
    if isinstance(value, Mapping):
        for key, item in value.items():
            start = _state(item, zlib.crc32(str(key).encode(), start))
        return start
    if isinstance(value, list | tuple):
        for item in value:
            start = _state(item, start)
        return start
    return zlib.crc32(repr(value).encode(), start)


def _checksum(tensor: Tensor, start: int = 0) -> int:
    values = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return zlib.crc32(values.numpy().data, start)


def _hex(checksum: int) -> str:
    return f"{checksum:08x}"
