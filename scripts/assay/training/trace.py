"""The trace of a run: checksums of what every epoch and step led to, to find where two runs part.

trace.jsonl   a line an epoch:
    epoch        counts from 1
    steps        8 hex digits a batch: CRC-32 of the batch's sums (its loss, what its metrics are made of)
    tensors      name → CRC-32 of every tensor of task and model after the epoch's last step
    optimizers   name → CRC-32 of the optimizer's tensors then
    streams      CRC-32 of torch's random state then

A checksum finds where two runs part; that they are equal is what the digests of the receipt prove. It costs a
fraction of an optimizer's step: CRC-32, for large tensors of the exclusive or of their blocks and of that
within each block.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from assay.tasks import Sums
from assay.training.state import Run

TRACE = "trace.jsonl"
LARGE = 1 << 16
"""Bytes from which a tensor's blocks are folded first."""
BLOCK = 1 << 13
"""Bytes of a block."""

Row = dict[str, Any]
"""One epoch of a trace."""


@torch.no_grad()
def traced(run: Run, stacked: Sums) -> Row:
    """The row of the epoch whose steps are all done.

    Args:
        run: the run after the steps, before anything is validated.
        stacked: the sums of each batch, name → (batches, …).
    """
    tensors = run.task.state_dict()
    kept = {name: _kept(optimizer) for name, optimizer in run.optimizers.items()}
    checksums = iter(_checksums([*tensors.values(), *chain(*kept.values()), torch.get_rng_state()]))
    return {
        "epoch": run.epoch,
        "steps": _steps(stacked),
        "tensors": {name: next(checksums) for name in tensors},
        "optimizers": {
            name: _text(zlib.crc32("".join(islice(checksums, len(values))).encode()))
            for name, values in kept.items()
        },
        "streams": next(checksums),
    }


def to_lines(rows: Sequence[Row]) -> str:
    """The text of `trace.jsonl`."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _steps(stacked: Sums) -> str:
    columns = [stacked[name].reshape(len(stacked[name]), -1) for name in sorted(stacked)]
    return "".join(_text(zlib.crc32(row.data)) for row in torch.cat(columns, dim=1).numpy())


def _kept(optimizer: Optimizer) -> list[Tensor]:
    """The tensors that an optimizer keeps, in the order of its parameters."""
    parameters = chain(*(group["params"] for group in optimizer.param_groups))
    values = chain(*(optimizer.state.get(parameter, {}).values() for parameter in parameters))
    return [value for value in values if isinstance(value, Tensor)]


def _checksums(tensors: Sequence[Tensor]) -> list[str]:
    """The checksum of each tensor. Small ones are gathered first: a copy from a GPU waits for it."""
    found = [""] * len(tensors)
    together: dict[tuple[torch.dtype, torch.device], list[int]] = {}
    for index, tensor in enumerate(tensors):
        if tensor.nbytes < LARGE:
            together.setdefault((tensor.dtype, tensor.device), []).append(index)
        else:
            found[index] = _text(_folded(_bytes(tensor)))
    for indices in together.values():
        data = _bytes(torch.cat([tensors[index].reshape(-1) for index in indices])).data
        start = 0
        for index in indices:
            end = start + tensors[index].nbytes
            found[index] = _text(zlib.crc32(data[start:end]))
            start = end
    return found


def _folded(values: np.ndarray) -> int:
    """CRC-32 of the exclusive or of all blocks, of that of all values of each block, and of what is left.

    The one depends on the places within the blocks, the other on the order of the blocks.
    """
    whole = len(values) - len(values) % BLOCK
    blocks = values[:whole].view(np.uint64).reshape(-1, BLOCK // 8)
    checksum = zlib.crc32(np.bitwise_xor.reduce(blocks, axis=0).data)
    checksum = zlib.crc32(np.bitwise_xor.reduce(blocks, axis=1).data, checksum)
    return zlib.crc32(values[whole:].data, checksum)


def _bytes(tensor: Tensor) -> np.ndarray:
    """A tensor's bytes, uint8."""
    values: np.ndarray = tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return values


def _text(checksum: int) -> str:
    return f"{checksum:08x}"
