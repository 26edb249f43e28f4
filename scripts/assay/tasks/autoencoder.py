"""Reconstruction: samples against themselves, through an autoencoder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from assay.errors import UserError
from assay.latents import Coded
from assay.tasks import Batch, Sums, Task, loss_parts, means, part_sums


class Autoencoder(Task):
    """Lowers the recipe's loss, called with (reconstruction, inputs), plus the latent space's own.

    The model gives as many values as a sample has, or a `Coded` of them. Errors are in the units of the
    data as the model sees them: standardised, unless the recipe says otherwise. The metrics of codes
    exist where the latent space has a codebook.
    """

    metrics: ClassVar[dict[str, str]] = {
        "loss": "minimize",
        "reconstruction": "minimize",
        "latent": "minimize",
        "mean_squared_error": "minimize",
        "codebook_use": "maximize",
        "perplexity": "maximize",
    }
    training_metrics: ClassVar[tuple[str, ...]] = (
        "loss",
        "reconstruction",
        "latent",
        "mean_squared_error",
        "codebook_use",
        "perplexity",
    )
    loss_kind: ClassVar[str] = "values"
    families: ClassVar[dict[str, tuple[str, ...]]] = {
        "reconstruction": ("reconstruction", "mean_squared_error"),
        "latent": ("latent",),
        "codebook": ("codebook_use",),
        "perplexity": ("perplexity",),
    }

    @classmethod
    def outputs(cls, meta: Mapping[str, Any]) -> int:
        """One value for each of a sample's."""
        return math.prod(meta["input_shape"])

    def reconstruct(self, inputs: Tensor) -> Coded:
        """What the model makes of the inputs, in their shape and type.

        Raises:
            UserError: it makes another number of values.
        """
        made = self.model(inputs)
        coded = made if isinstance(made, Coded) else Coded(made)
        if coded.values.shape[:1] != inputs.shape[:1] or coded.values.numel() != inputs.numel():
            raise UserError(
                f"the model's output has the shape {tuple(coded.values.shape)}; a reconstruction needs "
                f"{math.prod(inputs.shape[1:])} values for each of {len(inputs)} samples"
            )
        return coded._replace(values=coded.values.reshape(inputs.shape).to(inputs.dtype))

    def compare(self, coded: Coded, inputs: Tensor) -> dict[str, Tensor]:
        """The parts of the loss: `loss`, `reconstruction`, `latent`, and those of the recipe's loss."""
        parts = loss_parts(self.loss(coded.values, inputs))
        reconstruction = parts.pop("loss")
        latent = torch.zeros_like(reconstruction) if coded.loss is None else coded.loss
        named = {"loss": reconstruction + latent, "reconstruction": reconstruction, "latent": latent}
        return parts | named

    def training_step(self, batch: Batch, optimizer: str) -> tuple[Tensor, Sums]:
        """The loss, and the sums of its parts, of squared errors and of codes."""
        inputs, _ = batch
        coded = self.reconstruct(inputs)
        parts = self.compare(coded, inputs)
        return parts["loss"], part_sums(parts, len(inputs)) | error_sums(coded, inputs) | code_sums(coded)

    def evaluation_step(self, batch: Batch) -> Sums:
        """The same sums."""
        return self.training_step(batch, "model")[1]

    def summarize(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Means over samples; with a codebook, how much of it was used."""
        found = means(sums)
        return found | codebook_metrics(sums["codes"]) if "codes" in sums else found

    def predictions(self, inputs: Tensor) -> dict[str, Any]:
        """The mean squared error of each sample's reconstruction."""
        return {"reconstruction_error": squared_errors(self.reconstruct(inputs).values, inputs).tolist()}

    def pictures(self, batch: Batch) -> dict[str, Tensor]:
        """Samples and reconstructions, where samples are images."""
        inputs, _ = batch
        if inputs.ndim != 4:
            return {}
        return {"input": inputs, "reconstruction": self.reconstruct(inputs).values}


def squared_errors(values: Tensor, inputs: Tensor) -> Tensor:
    """The mean squared error of each sample: (batch, …) twice → (batch,)."""
    return (values.detach() - inputs).square().flatten(1).mean(1)


def error_sums(coded: Coded, inputs: Tensor) -> Sums:
    """The squared errors' sum, which is measured whatever the loss, so that losses can be compared."""
    return {"mean_squared_error": squared_errors(coded.values, inputs).sum()}


def code_sums(coded: Coded) -> Sums:
    """The counts of the codes, if there are codes."""
    return {} if coded.counts is None else {"codes": coded.counts}


def codebook_metrics(counts: Tensor) -> dict[str, float]:
    """The share of the codes that were used, and the perplexity of their use.

    Perplexity is exp(-sum p log p), p the relative frequency of a code: how many codes, used equally
    often, are as diverse; 1 if all is one code.
    """
    frequencies = counts.double() / counts.sum()
    return {
        "codebook_use": float((counts > 0).double().mean()),
        "perplexity": float(torch.special.entr(frequencies).sum().exp()),
    }
