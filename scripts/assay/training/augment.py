"""Random changes of training samples, each a function of seed, epoch and sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor

from assay import streams
from assay.augmentations import Random
from assay.errors import UserError

Change = Callable[[Tensor, Random], Tensor]


def augment(changes: Sequence[Change], inputs: Tensor, seed: int, epoch: int, samples: Tensor) -> Tensor:
    """A batch with every change made to it.

    Args:
        inputs: (batch, …).
        samples: the samples' indices in the data set, (batch,).

    Raises:
        UserError: a change does not fit the samples.
    """
    for number, change in enumerate(changes):
        random = partial(streams.uniform, seed, f"augmentation/{number}", epoch, samples)
        try:
            inputs = change(inputs, random)
        except ValueError as error:
            raise UserError(f"augmentation {type(change).__name__}: {error}") from error
    return inputs
