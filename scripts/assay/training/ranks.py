"""The processes of one run: each takes its share of every batch; gradients and sums are added up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from assay.tasks import Sums


@dataclass(frozen=True)
class Ranks:
    """This process among those of its run. A run alone is rank 0 of 1, and none of this costs anything."""

    rank: int = 0
    size: int = 1

    @property
    def is_writer(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    def share(self, positions: Tensor) -> Tensor:
        """This process's share of a batch; it may be empty."""
        return positions if self.size == 1 else positions.tensor_split(self.size)[self.rank]

    def shares(self, batches: Sequence[Tensor]) -> list[Tensor]:
        """This process's share of each batch."""
        return [self.share(positions) for positions in batches]

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Add up the gradients of all processes, as one flat tensor a type."""
        if self.size == 1:
            return
        from torch import distributed

        groups: dict[torch.dtype, list[nn.Parameter]] = {}
        for parameter in parameters:
            if parameter.requires_grad:
                groups.setdefault(parameter.dtype, []).append(parameter)
        for group in groups.values():
            for parameter in group:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
            flat = torch.cat([p.grad.reshape(-1) for p in group if p.grad is not None])
            distributed.all_reduce(flat)
            parts = flat.split([parameter.numel() for parameter in group])
            for parameter, part in zip(group, parts, strict=True):
                parameter.grad = part.view_as(parameter).clone()

    def add_sums(self, sums: Sums) -> Sums:
        """Add up the sums of all processes; every process must have the same names."""
        if self.size == 1:
            return sums
        from torch import distributed

        for name in sorted(sums):
            distributed.all_reduce(sums[name])
        return sums

    def share_buffers(self, module: nn.Module) -> None:
        """Give every process the buffers of rank 0, such as the statistics of batch normalisation."""
        if self.size == 1:
            return
        from torch import distributed

        for buffer in module.buffers():
            distributed.broadcast(buffer, 0)

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        if self.size == 1:
            return flag
        from torch import distributed

        value = torch.tensor(int(flag))
        distributed.all_reduce(value, distributed.ReduceOp.MAX)
        return bool(value)


ALONE = Ranks()
