"""A denoiser with the vector as its condition, run from noise to a sample in a few steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from assay.layers.diffusion import TIMES, Denoiser, Schedule, check_steps


class Diffusion(nn.Module):
    """Deterministic DDIM steps (Song et al. 2021) from noise, trained through all of them.

    The denoiser predicts the velocity (Salimans & Ho 2022).

    Args:
        size: of the vector.
        output_shape: shape of one sample.
        width: size of the denoiser's layers.
        depth: number of its residual layers.
        steps: from noise to sample.
    """

    def __init__(
        self, size: int, output_shape: Sequence[int], *, width: int = 64, depth: int = 2, steps: int = 4
    ) -> None:
        super().__init__()
        check_steps(steps, TIMES)
        self.shape, self.steps, self.schedule = tuple(output_shape), steps, Schedule()
        self.length = math.prod(output_shape)
        self.denoiser = Denoiser(self.length, size, width, depth)

    def forward(self, vectors: Tensor) -> Tensor:
        """(batch, size) → (batch, *output_shape)."""

        def predict(mixed: Tensor, times: Tensor) -> Tensor:
            velocity: Tensor = self.denoiser(mixed, vectors, times)
            return velocity

        noise = torch.randn(len(vectors), self.length, device=vectors.device)
        return self.schedule.denoise(noise, TIMES, self.steps, predict).reshape(-1, *self.shape)
