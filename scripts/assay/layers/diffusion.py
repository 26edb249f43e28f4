"""Gaussian diffusion: the noise schedule, a small denoiser, and deterministic DDIM steps.

Time runs from 0 (the sample) to 1000 (noise), with the schedule of Ho et al. 2020, "Denoising Diffusion
Probabilistic Models" (section 4). `signal[t]` is their alpha-bar of t, the share of the sample's variance
that is left; `signal[0]` is 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

TIMES = 1000
EMBEDDING = 32


class Schedule(nn.Module):
    """The noise schedule, and what follows from it. It has no weights."""

    signal: Tensor

    def __init__(self) -> None:
        super().__init__()
        kept = 1 - torch.linspace(1e-4, 0.02, TIMES, dtype=torch.float64)
        signal = torch.cat([torch.ones(1, dtype=torch.float64), kept.cumprod(0)])
        self.register_buffer("signal", signal.to(torch.get_default_dtype()), persistent=False)

    def mix(self, values: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """Samples (batch, …) with noise of the same shape at times (batch,) (Ho et al. 2020, equation 4)."""
        signal = self.signal[times].reshape(-1, *[1] * (values.ndim - 1))
        return signal.sqrt() * values + (1 - signal).sqrt() * noise

    def split(self, mixed: Tensor, velocity: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """The samples and the noise that `mixed` (batch, …) is made of at times (batch,).

        Velocity is sqrt(signal) noise - sqrt(1 - signal) samples (Salimans & Ho 2022, "Progressive
        Distillation", section 4). It gives both at every time, where noise would say nothing about a
        sample at time 1000, and a sample nothing about noise at time 0.
        """
        signal = self.signal[times].reshape(-1, *[1] * (mixed.ndim - 1))
        kept, lost = signal.sqrt(), (1 - signal).sqrt()
        return kept * mixed - lost * velocity, lost * mixed + kept * velocity

    def denoise(
        self,
        mixed: Tensor,
        start: int,
        steps: int,
        predict: Callable[[Tensor, Tensor], Tensor],
    ) -> Tensor:
        """From noisy samples to samples, by DDIM without noise of its own.

        Song et al. 2021, "Denoising Diffusion Implicit Models", equation 12 with sigma 0, at times
        that are equally far apart.

        Args:
            mixed: samples at the time `start`.
            start: time to start from.
            steps: how many steps, at most `start`.
            predict: (mixed, times (batch,)) → velocity.
        """
        times = [round(start * left / steps) for left in range(steps, -1, -1)]
        for time, following in pairwise(times):
            now, then = (torch.full((len(mixed),), t, device=mixed.device) for t in (time, following))
            mixed = self.mix(*self.split(mixed, predict(mixed, now), now), then)
        return mixed


def check_steps(steps: int, start: int) -> None:
    """Raise ValueError unless `steps` distinct steps lead from the time `start` to 0."""
    if not 1 <= start <= TIMES:
        raise ValueError(f"start must be from 1 to {TIMES}, not {start}")
    if not 1 <= steps <= start:
        raise ValueError(f"steps must be from 1 to {start}, not {steps}")


def embed(times: Tensor) -> Tensor:
    """Sines and cosines of times (batch,): (batch, 32).

    Vaswani et al. 2017, "Attention Is All You Need", section 3.5, as in Ho et al. 2020.
    """
    half = EMBEDDING // 2
    indices = torch.arange(half, device=times.device, dtype=torch.get_default_dtype())
    angles = times[:, None] * torch.exp(-math.log(10_000) / half * indices)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Denoiser(nn.Module):
    """Residual linear layers on a noisy vector and its condition, each shifted by the time's embedding.

    Args:
        size: of the vector.
        condition: size of the condition.
        width: size of the layers.
        depth: number of residual layers.
    """

    def __init__(self, size: int, condition: int, width: int, depth: int) -> None:
        super().__init__()
        if width < 1 or depth < 1:
            raise ValueError(f"width and depth must be at least 1, not {width} and {depth}")
        self.input = nn.Linear(size + condition, width)
        self.time = nn.Sequential(nn.Linear(EMBEDDING, width), nn.SiLU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.output = nn.Linear(width, size)

    def forward(self, mixed: Tensor, condition: Tensor, times: Tensor) -> Tensor:
        """(batch, size), (batch, condition), (batch,) → (batch, size)."""
        hidden = self.input(torch.cat([mixed, condition], dim=1))
        time = self.time(embed(times))
        for layer in self.layers:
            hidden = hidden + layer(nn.functional.silu(hidden + time))
        result: Tensor = self.output(nn.functional.silu(hidden))
        return result
