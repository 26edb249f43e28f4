"""Named streams of random numbers: each is a function of (seed, name, position) and of nothing else.

No stream depends on how many numbers another drew, so two variants with one seed see the same batches
in the same order even if their models differ: that is what makes their runs a pair. And because every
training step starts its own stream, a run continues from any step without a saved random state.

    split/test, split/validation     the split of the data (NumPy, in prepare)
    initialisation                   the model's first weights
    order, epoch                     the order of the samples of an epoch
    evaluation, batch                what a stochastic model draws while it is measured
    data                             what a data set of the user's draws while it is made
    forward, epoch, batch            what model and loss draw on one batch: dropout, noise, … (of a further
                                     optimizer or process also its number)
    augmentation/<n>, epoch, sample  how the n-th augmentation changes a sample (`uniform`)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def stream_seed(seed: int, name: str, *position: int) -> int:
    """The 63-bit seed of a stream: SHA-256 of its name and position, cut."""
    text = "/".join(map(str, (seed, name, *position)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, name: str, *position: int) -> torch.Generator:
    """A CPU generator at the start of a stream."""
    import torch

    return torch.Generator().manual_seed(stream_seed(seed, name, *position))


def start(seed: int, name: str, *position: int) -> None:
    """Set the global generators of torch (every device), NumPy and Python to the start of a stream."""
    import random

    import numpy as np
    import torch

    value = stream_seed(seed, name, *position)
    torch.default_generator.manual_seed(value)  # torch.manual_seed takes 40 times as long
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(value)
    elif torch.backends.mps.is_available():
        torch.mps.manual_seed(value)
    np.random.seed(value % 2**32)
    random.seed(value)


def uniform(seed: int, name: str, epoch: int, samples: torch.Tensor, count: int) -> torch.Tensor:
    """Uniform numbers from 0 to 1 (1 excluded) for each sample, a function of their arguments alone.

    Each is a value of SplitMix64 (Steele, Lea & Flood 2014), computed on whole tensors, on any device.

    Args:
        samples: indices of samples in their data set, (batch,), int64.
        count: how many numbers a sample.

    Returns:
        float32, (batch, count), multiples of 2^-24.
    """
    import torch

    key = _signed(stream_seed(seed, name, epoch))
    state = _mix(samples ^ key)[:, None]
    steps = torch.arange(1, count + 1, device=samples.device) * _signed(0x9E3779B97F4A7C15)
    return _shifted(_mix(state + steps), 40).to(torch.float32) * 2.0**-24


def _mix(values: torch.Tensor) -> torch.Tensor:
    """SplitMix64's finaliser on 64-bit integers, which wrap around."""
    values = (values ^ _shifted(values, 30)) * _signed(0xBF58476D1CE4E5B9)
    values = (values ^ _shifted(values, 27)) * _signed(0x94D049BB133111EB)
    return values ^ _shifted(values, 31)


def _shifted(values: torch.Tensor, bits: int) -> torch.Tensor:
    """A shift to the right that fills with zeros, as of unsigned integers."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    """The signed 64-bit integer of the same bits."""
    return value - (1 << 64) if value >= 1 << 63 else value
