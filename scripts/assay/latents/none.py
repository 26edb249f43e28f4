"""No latent space: what comes from the encoder is decoded."""

from __future__ import annotations

from torch import Tensor, nn

from assay.latents import Coded


class None_(nn.Module):  # `None` is a keyword
    """The vector unchanged."""

    def __init__(self, size: int) -> None:
        super().__init__()

    def forward(self, vectors: Tensor) -> Coded:
        """(batch, size) → the same."""
        return Coded(vectors)
