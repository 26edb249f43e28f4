"""Reconstruction against a discriminator: two optimizers, one after the other on every batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from assay import construct
from assay.tasks import Batch, Sums, part_sums
from assay.tasks.autoencoder import Autoencoder, code_sums, error_sums


class GanAutoencoder(Autoencoder):
    """The autoencoder is the generator of a GAN (Goodfellow et al. 2014) with the non-saturating loss.

    A discriminator tells samples from reconstructions; the autoencoder's loss has a part that is low where
    it takes reconstructions for samples (Larsen et al. 2016 do so with a variational autoencoder).

    Args:
        meta: the prepared data's `meta.json`.
        model: the autoencoder.
        loss: of the reconstruction.
        discriminator: an encoder, which here has one output: the logit that its input is a sample.
        weight: of the adversarial part in the autoencoder's loss.
    """

    metrics: ClassVar[dict[str, str]] = {
        "loss": "minimize",
        "reconstruction": "minimize",
        "latent": "minimize",
        "adversarial": "minimize",
        "discriminator": "minimize",
        "mean_squared_error": "minimize",
        "codebook_use": "maximize",
        "perplexity": "maximize",
    }
    training_metrics: ClassVar[tuple[str, ...]] = (
        "loss",
        "reconstruction",
        "latent",
        "adversarial",
        "discriminator",
        "mean_squared_error",
        "codebook_use",
        "perplexity",
    )
    families: ClassVar[dict[str, tuple[str, ...]]] = {
        "reconstruction": ("reconstruction", "mean_squared_error"),
        "adversarial": ("adversarial", "discriminator"),
        "latent": ("latent",),
        "codebook": ("codebook_use",),
        "perplexity": ("perplexity",),
    }

    def __init__(
        self,
        meta: Mapping[str, Any],
        model: nn.Module,
        loss: nn.Module,
        *,
        discriminator: Annotated[str | Mapping[str, Any], "encoders"] = "gan",
        weight: float = 0.01,
    ) -> None:
        super().__init__(meta, model, loss)
        if weight < 0:
            raise ValueError(f"weight must be at least 0, not {weight}")
        self.weight = weight
        self.discriminator: nn.Module = construct.make(
            "encoders", discriminator, tuple(meta["input_shape"]), 1
        )

    def optimized(self) -> dict[str, Iterable[nn.Parameter]]:
        """The autoencoder (and its loss, should that learn), then the discriminator."""
        autoencoder = [*self.model.parameters(), *self.loss.parameters()]
        return {"autoencoder": autoencoder, "discriminator": self.discriminator.parameters()}

    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """What the optimizer lowers, and the sums that belong to it."""
        inputs, _ = batch
        if optimizer == "discriminator":
            with torch.no_grad():
                values = self.reconstruct(inputs).values
            loss = discriminator_loss(self.judge(inputs), self.judge(values))
            return loss, part_sums({"discriminator": loss}, len(inputs))
        coded = self.reconstruct(inputs)
        parts = self.compare(coded, inputs)
        adversarial = generator_loss(self.judge(coded.values))
        parts |= {"adversarial": adversarial, "loss": parts["loss"] + self.weight * adversarial}
        return parts["loss"], part_sums(parts, len(inputs)) | error_sums(coded, inputs) | code_sums(coded)

    def judge(self, values: Tensor) -> Tensor:
        """The discriminator's logits, (batch, 1), in the type of the values (batch, …)."""
        logits: Tensor = self.discriminator(values)
        return logits.to(values.dtype)

    def evaluation_step(self, batch: Batch) -> Sums:
        """The sums of both."""
        return self.training_step(batch, "autoencoder")[1] | self.training_step(batch, "discriminator")[1]


def discriminator_loss(samples: Tensor, reconstructions: Tensor) -> Tensor:
    """Mean of -log D(sample) - log(1 - D(reconstruction)) of logits (batch, 1).

    Goodfellow et al. 2014, equation 1, D the logit's sigmoid.
    """
    return softplus(-samples).mean() + softplus(reconstructions).mean()


def generator_loss(reconstructions: Tensor) -> Tensor:
    """Mean of -log D(reconstruction) of logits (batch, 1): the non-saturating loss of their section 3."""
    return softplus(-reconstructions).mean()
