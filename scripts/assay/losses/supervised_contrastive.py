"""Supervised contrastive loss: embeddings of one class together, those of others apart."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional


class SupervisedContrastive(nn.Module):
    """Mean over anchors of the mean negative log-probability of their positives.

    Khosla et al. 2020, "Supervised Contrastive Learning", equation 2 (L_out), as a mean over the anchors.
    An anchor's positives are the other samples of its class in the batch; the probability is a softmax
    over all other samples of the cosine similarity divided by the temperature. Anchors without a positive
    are left out. A batch in which no class is there twice gives 0, and gradients of 0.

    Args:
        temperature: scale of the similarities, greater than 0; lower looks more at the hardest samples.

    Raises:
        ValueError: the temperature is not greater than 0.
    """

    kind: ClassVar[str] = "embeddings"

    def __init__(self, *, temperature: float = 0.1) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be greater than 0, not {temperature}")
        self.temperature = temperature

    def forward(self, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Embeddings (batch, size) of any length and class indices (batch,) → scalar.

        Raises:
            ValueError: the shapes are others.
        """
        if embeddings.ndim != 2 or targets.shape != embeddings.shape[:1]:
            raise ValueError(
                f"embeddings have the shape {tuple(embeddings.shape)} and targets {tuple(targets.shape)}; "
                "they must be (batch, size) and (batch,)"
            )
        directions = _directions(embeddings)
        similarity = directions @ directions.T / self.temperature
        own = torch.eye(len(targets), dtype=torch.bool, device=targets.device)
        # the least finite number, because a row of nothing but -inf (a batch of one) would be NaN
        others = similarity.masked_fill(own, torch.finfo(similarity.dtype).min)
        log_probability = functional.log_softmax(others, dim=1)
        positives = (targets[:, None] == targets) & ~own
        of_positives = torch.where(positives, log_probability, 0.0).sum(1)
        counts = positives.sum(1)
        # without branches on values, which would wait for a GPU
        return -(of_positives / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


def _directions(embeddings: Tensor) -> Tensor:
    """Embeddings of length 1. One of length 0 has no direction and stays 0, with moderate gradients."""
    length = torch.linalg.vector_norm(embeddings, dim=1, keepdim=True)
    return embeddings / torch.where(length > 0, length, 1.0)
