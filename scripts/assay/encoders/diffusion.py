"""Encodes the sample at a random noise level in training, and without noise in evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from assay.layers.diffusion import EMBEDDING, TIMES, Schedule, embed
from assay.models import mlp


class Diffusion(nn.Module):
    """A multilayer perceptron on a diffused sample and the embedding of its time.

    A denoising encoder (Vincent et al. 2008) whose noise is the forward process of Ho et al. 2020
    (equation 4) and which, like their denoiser, is told the time.

    Args:
        input_shape: shape of one sample.
        size: of the vector.
        widths: size of each hidden layer.
        noise: largest time in training, of 1000; at 200 the noise has a third of the variance.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        size: int,
        *,
        widths: Sequence[int] = (64,),
        noise: int = 200,
    ) -> None:
        super().__init__()
        if not 0 <= noise <= TIMES:
            raise ValueError(f"noise must be from 0 to {TIMES}, not {noise}")
        self.noise, self.schedule = noise, Schedule()
        self.layers = mlp.MLP((math.prod(input_shape) + EMBEDDING,), size, widths=widths)

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, size)."""
        values = inputs.flatten(1)
        if self.training:
            times = torch.randint(self.noise + 1, (len(values),), device=values.device)
            values = self.schedule.mix(values, torch.randn_like(values), times)
        else:
            times = torch.zeros(len(values), dtype=torch.int64, device=values.device)
        result: Tensor = self.layers(torch.cat([values, embed(times)], dim=1))
        return result
