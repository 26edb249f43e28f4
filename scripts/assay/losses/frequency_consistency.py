"""Signals that agree in time and in the magnitudes of their frequencies."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from assay.losses._elementwise import squared_error


class FrequencyConsistency(nn.Module):
    """Mean squared error plus weight × mean squared difference of the spectra's magnitudes.

    The spectrum is the real Fourier transform along the last axis with 1/√n in front (`norm="ortho"`), which
    keeps the scale of both parts alike (Parseval); its length/2 + 1 frequencies count the same. Phases do
    not enter: the first part has them.

    Args:
        weight: weight of the spectral part, at least 0.

    Raises:
        ValueError: the weight is negative.
    """

    kind: ClassVar[str] = "values"
    parts: ClassVar[tuple[str, ...]] = ("data", "frequency")

    def __init__(self, *, weight: float = 1.0) -> None:
        super().__init__()
        if not weight >= 0:
            raise ValueError(f"weight must be at least 0, not {weight}")
        self.weight = weight

    def forward(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Two tensors of one shape, (batch, length) or (batch, …, length) → scalars.

        Returns:
            `loss`, and unweighted `data` (mean squared error) and `frequency`.

        Raises:
            ValueError: the shapes differ, or there is no axis beside the batch's.
        """
        data = squared_error(prediction, target).mean()
        if prediction.ndim < 2:
            raise ValueError(
                f"frequency_consistency needs (batch, …, length), not the shape {tuple(prediction.shape)}"
            )
        frequency = squared_error(_magnitudes(prediction), _magnitudes(target)).mean()
        return {"loss": data + self.weight * frequency, "data": data, "frequency": frequency}


def _magnitudes(signal: Tensor) -> Tensor:
    """(…, length) → (…, length // 2 + 1). The gradient at a magnitude of 0 is 0, torch's choice for abs."""
    spectrum: Tensor = torch.fft.rfft(signal, dim=-1, norm="ortho")
    return spectrum.abs()
