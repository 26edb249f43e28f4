"""A linear bottleneck: to a smaller size and back, without nonlinearity."""

from __future__ import annotations

from torch import Tensor, nn

from assay.latents import Coded


class Linear(nn.Module):
    """Two linear layers; together they are a map of rank `bottleneck`, as in principal components.

    Args:
        size: of the vector.
        bottleneck: size between the two layers; half of the vector's, rounded up, unless it is given.
    """

    def __init__(self, size: int, *, bottleneck: int | None = None) -> None:
        super().__init__()
        bottleneck = (size + 1) // 2 if bottleneck is None else bottleneck
        if not 1 <= bottleneck <= size:
            raise ValueError(f"bottleneck must be from 1 to {size}, the size of the vector, not {bottleneck}")
        self.narrow, self.widen = nn.Linear(size, bottleneck), nn.Linear(bottleneck, size)

    def forward(self, vectors: Tensor) -> Coded:
        """(batch, size) → (batch, size)."""
        return Coded(self.widen(self.narrow(vectors)))
