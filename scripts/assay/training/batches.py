"""Batches of one part of the data: kept on the device and indexed, or read from files by worker processes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from assay.data.prepared import Prepared
from assay.tasks import Batch
from assay.training.interrupt import held_back


class Data(ABC):
    """One part of the prepared data."""

    samples: Tensor
    """The samples' indices in the whole data set, on the device, (samples,)."""

    def __len__(self) -> int:
        return len(self.samples)

    @abstractmethod
    def batches(self, chosen: Sequence[Tensor]) -> Iterator[Batch]:
        """A batch for each tensor of positions within this part, on the device."""

    def in_order(self, size: int, chosen: Iterable[int] | None = None) -> Iterator[Batch]:
        """All of it in batches of at most `size`, or the chosen ones of these."""
        batches = torch.arange(len(self)).split(size)
        return self.batches(batches if chosen is None else [batches[index] for index in chosen])


@dataclass(frozen=True)
class Resident(Data):
    """Data on the device: a batch is an index into them."""

    samples: Tensor
    inputs: Tensor
    targets: Tensor

    def batches(self, chosen: Sequence[Tensor]) -> Iterator[Batch]:
        """A batch for each tensor of positions."""
        if not chosen:
            return
        everything = torch.cat(list(chosen)).to(self.inputs.device)  # to the device at once
        for at in everything.split([len(positions) for positions in chosen]):
            # copies, because a model may work in place; selecting takes half as long as indexing
            yield self.inputs.index_select(0, at), self.targets.index_select(0, at)


@dataclass(frozen=True)
class Filed(Data):
    """Data in memory-mapped files, read batch by batch in worker processes."""

    samples: Tensor
    inputs: np.ndarray
    targets: np.ndarray
    indices: np.ndarray
    workers: int
    device: torch.device

    def batches(self, chosen: Sequence[Tensor]) -> Iterator[Batch]:
        """A batch for each tensor of positions."""
        from torch.utils.data import DataLoader

        reader = _Reader(self.inputs, self.targets)
        loader: DataLoader[Any] = DataLoader(
            reader,  # type: ignore[arg-type]
            batch_size=None,
            sampler=[self.indices[positions.cpu().numpy()] for positions in chosen],
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator(),  # its seed for workers must not come from a run's stream
        )
        with held_back():  # the run needs its workers until it has saved
            received = iter(loader)
        for inputs, targets in received:
            yield self._received(inputs), self._received(targets)

    def _received(self, values: Tensor) -> Tensor:
        return _converted(values.to(self.device, non_blocking=True))


@dataclass(frozen=True)
class _Reader:
    """What a worker holds."""

    inputs: np.ndarray
    targets: np.ndarray

    def __getitem__(self, indices: np.ndarray) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.inputs[indices]), torch.from_numpy(self.targets[indices])


def load_part(prepared: Prepared, part: str, device: torch.device, workers: int = 0) -> Data:
    """One part of the data: on the device, or, with workers, in its files."""
    indices = prepared.parts[part]
    samples = torch.from_numpy(indices).to(device)
    if workers:
        return Filed(samples, prepared.inputs, prepared.targets, indices, workers, device)
    inputs = _converted(torch.from_numpy(prepared.inputs[indices]))
    targets = _converted(torch.from_numpy(prepared.targets[indices]))
    return Resident(samples, inputs.to(device), targets.to(device))


def _converted(values: Tensor) -> Tensor:
    """Numbers with a fraction in torch's default type."""
    return values.to(torch.get_default_dtype()) if values.is_floating_point() else values
