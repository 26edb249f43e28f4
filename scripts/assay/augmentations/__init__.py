"""Augmentations: one file each. The class named like the file is called with a batch and a source of chance.

`__call__(self, inputs, random)` returns the changed batch, of the same shape. `random(n)` gives n uniform
numbers from 0 to 1 for each sample, shape (batch, n): a function of seed, epoch and sample, so a sample is
changed the same way whatever batch, process or loader it comes through. Inputs come standardised.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Random = Callable[[int], Tensor]
