"""Vector quantisation: parts of the vector are replaced by the nearest of a few learned codes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from assay.latents import Coded


class VectorQuantised(nn.Module):
    """The latent space of the VQ-VAE (van den Oord et al. 2017, equations 1 to 3).

    The vector is cut into parts, as one code a sample would be very narrow: 4 parts of 64 codes are 24
    bits. All parts share the codebook. Gradients pass the quantisation straight through. The loss is the
    mean squared distance from the codes to the encoder's parts (codebook) plus `commitment` times that
    from the encoder's parts to the codes; mean over values, as in the authors' program, where the paper
    has sums. Codes start as standard normal numbers, the spread of a vector's values early in training.

    Args:
        size: of the vector, a multiple of `parts`.
        codes: size of the codebook.
        parts: codes a sample.
        commitment: weight of the commitment loss (the paper's beta).
    """

    def __init__(self, size: int, *, codes: int = 64, parts: int = 4, commitment: float = 0.25) -> None:
        super().__init__()
        if codes < 1:
            raise ValueError(f"codes must be at least 1, not {codes}")
        if parts < 1 or size % parts:
            raise ValueError(f"parts must divide the size of the vector, {size}, without rest, not {parts}")
        if commitment < 0:
            raise ValueError(f"commitment must be at least 0, not {commitment}")
        self.parts, self.commitment = parts, commitment
        self.codebook = nn.Parameter(torch.randn(codes, size // parts))

    def forward(self, vectors: Tensor) -> Coded:
        """(batch, size) → (batch, size), the loss and the counts of the codes."""
        encoded = vectors.reshape(len(vectors) * self.parts, -1).to(self.codebook.dtype)
        nearest = self.nearest(encoded)
        quantised = self.codebook[nearest]
        codebook = functional.mse_loss(quantised, encoded.detach())
        commitment = functional.mse_loss(encoded, quantised.detach())
        straight = encoded + (quantised - encoded).detach()
        codes = torch.arange(len(self.codebook), device=nearest.device)
        counts = (nearest[:, None] == codes).sum(0).to(self.codebook.dtype)
        return Coded(straight.reshape(vectors.shape), codebook + self.commitment * commitment, counts)

    @torch.no_grad()
    def nearest(self, encoded: Tensor) -> Tensor:
        """The index of the code nearest to each part: (n, size of a part) → (n,)."""
        return torch.cdist(encoded, self.codebook).argmin(1)
