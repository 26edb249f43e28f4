"""Reconstruction, refined by a diffusion model that has the reconstruction as its condition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from assay.latents import Coded
from assay.layers.diffusion import Denoiser, Schedule, check_steps
from assay.tasks import Batch, Sums, part_sums
from assay.tasks.autoencoder import Autoencoder, code_sums, error_sums, squared_errors


class DiffusionAutoencoder(Autoencoder):
    """DiffuseVAE (Pandey et al. 2022), its two stages trained side by side.

    The autoencoder learns as ever. A denoiser, with the reconstruction as its condition, learns to predict
    the noise in samples (Ho et al. 2020, equation 14); its gradient does not reach the autoencoder. An
    evaluation adds noise to the reconstruction (Meng et al. 2022, SDEdit) and takes it away again in a few
    DDIM steps: `mean_squared_error` is that of the refined reconstruction, `reconstruction` the loss of
    the reconstruction itself.

    Args:
        meta: the prepared data's `meta.json`.
        model: the autoencoder.
        loss: of the reconstruction.
        start: time from which reconstructions are refined, of 1000, and the largest in training; at 250
            half of the variance is noise.
        steps: DDIM steps of a refinement.
        width: size of the denoiser's layers.
        depth: number of its residual layers.
    """

    metrics: ClassVar[dict[str, str]] = {
        "loss": "minimize",
        "reconstruction": "minimize",
        "latent": "minimize",
        "denoising": "minimize",
        "mean_squared_error": "minimize",
        "codebook_use": "maximize",
        "perplexity": "maximize",
    }
    training_metrics: ClassVar[tuple[str, ...]] = (
        "loss",
        "reconstruction",
        "latent",
        "denoising",
        "codebook_use",
        "perplexity",
    )
    families: ClassVar[dict[str, tuple[str, ...]]] = {
        "reconstruction": ("reconstruction", "mean_squared_error"),
        "denoising": ("denoising",),
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
        start: int = 250,
        steps: int = 5,
        width: int = 128,
        depth: int = 2,
    ) -> None:
        super().__init__(meta, model, loss)
        check_steps(steps, start)
        size = math.prod(meta["input_shape"])
        self.start, self.steps, self.schedule = start, steps, Schedule()
        self.denoiser = Denoiser(size, size, width, depth)

    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """The loss and the denoiser's, and the sums of their parts and of codes."""
        inputs, _ = batch
        coded = self.reconstruct(inputs)
        parts = self._compare_all(coded, inputs)
        return parts["loss"], part_sums(parts, len(inputs)) | code_sums(coded)

    def evaluation_step(self, batch: Batch) -> Sums:
        """The same sums, and the squared errors of refined reconstructions."""
        inputs, _ = batch
        coded = self.reconstruct(inputs)
        refined = coded._replace(values=self.refine(coded.values))
        sums = part_sums(self._compare_all(coded, inputs), len(inputs))
        return sums | error_sums(refined, inputs) | code_sums(coded)

    def refine(self, values: Tensor) -> Tensor:
        """Reconstructions (batch, …) with noise added and taken away by the denoiser: the same shape."""
        condition = values.flatten(1)

        def predict(mixed: Tensor, times: Tensor) -> Tensor:
            velocity: Tensor = self.denoiser(mixed, condition, times)
            return velocity

        times = torch.full((len(values),), self.start, device=values.device)
        mixed = self.schedule.mix(condition, torch.randn_like(condition), times)
        return self.schedule.denoise(mixed, self.start, self.steps, predict).reshape(values.shape)

    def predictions(self, inputs: Tensor) -> dict[str, Any]:
        """The mean squared error of each sample's refined reconstruction."""
        refined = self.refine(self.reconstruct(inputs).values)
        return {"reconstruction_error": squared_errors(refined, inputs).tolist()}

    def pictures(self, batch: Batch) -> dict[str, Tensor]:
        """Samples, reconstructions and refined reconstructions, where samples are images."""
        rows = super().pictures(batch)
        return rows | {"refined": self.refine(rows["reconstruction"])} if rows else {}

    def _compare_all(self, coded: Coded, inputs: Tensor) -> dict[str, Tensor]:
        """The parts of the autoencoder's loss and the denoiser's, with `loss` their sum."""
        samples, condition = inputs.flatten(1), coded.values.detach().flatten(1)
        times = torch.randint(1, self.start + 1, (len(inputs),), device=inputs.device)
        noise = torch.randn_like(samples)
        mixed = self.schedule.mix(samples, noise, times)
        _, predicted = self.schedule.split(mixed, self.denoiser(mixed, condition, times), times)
        denoising = functional.mse_loss(predicted, noise)
        parts = self.compare(coded, inputs)
        return parts | {"denoising": denoising, "loss": parts["loss"] + denoising}
