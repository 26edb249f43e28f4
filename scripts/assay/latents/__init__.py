"""Latent spaces: one file each. The class named like the file is a `torch.nn.Module`.

It is made with the size of the encoder's vector, then the settings a study gives, and maps the vectors
(batch, size) → `Coded` whose values (batch, size) are decoded: `__init__(self, size, *, codes=64)`.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Coded(NamedTuple):
    """What a latent space makes of vectors, and an autoencoder of samples: values of the same shape."""

    values: Tensor
    loss: Tensor | None = None
    """What the latent space adds to the loss: a scalar."""
    counts: Tensor | None = None
    """How often each code of a codebook was used: (codes,), of torch's default type."""
