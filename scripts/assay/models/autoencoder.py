"""Autoencoder: an encoder, a latent space and a decoder, each chosen by its name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from torch import Tensor, nn

from assay import construct
from assay.latents import Coded


class Autoencoder(nn.Module):
    """From a sample to a vector and back.

    Args:
        input_shape: shape of one sample.
        outputs: number of its values.
        encoder: from the sample to the vector.
        decoder: from the vector to the sample.
        latent: the space between them.
        latent_size: size of the vector.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        outputs: int,
        *,
        encoder: Annotated[str | Mapping[str, Any], "encoders"] = "mlp",
        decoder: Annotated[str | Mapping[str, Any], "decoders"] = "mlp",
        latent: Annotated[str | Mapping[str, Any], "latents"] = "linear",
        latent_size: int = 16,
    ) -> None:
        super().__init__()
        if outputs != math.prod(input_shape):
            raise ValueError("autoencoder gives what it was given; it needs a task that reconstructs")
        if latent_size < 1:
            raise ValueError(f"latent_size must be at least 1, not {latent_size}")
        self.encoder: nn.Module = construct.make("encoders", encoder, input_shape, latent_size)
        self.latent: nn.Module = construct.make("latents", latent, latent_size)
        self.decoder: nn.Module = construct.make("decoders", decoder, latent_size, input_shape)

    def forward(self, inputs: Tensor) -> Coded:
        """(batch, *input_shape) → reconstructions of the same shape, and what the latent space cost."""
        coded: Coded = self.latent(self.encoder(inputs))
        return coded._replace(values=self.decoder(coded.values))
