"""Models of other runs that a run reads, such as its teacher: verified, rebuilt, fixed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from assay import streams
from assay.data.prepared import Prepared
from assay.errors import UserError
from assay.finished import read_receipt, require_digest
from assay.recipe import Recipe
from assay.training import checkpoint
from assay.training.build import build_task

CHECKPOINT = "best.pt"


def read_models(
    recipe: Recipe, seed: int, prepared: Prepared, folders: Mapping[str, Path], device: torch.device
) -> dict[str, nn.Module]:
    """Setting → model with the best weights of the run it names, in evaluation mode, without gradients.

    Args:
        recipe: the train recipe that reads them.
        seed: its seed; theirs must be the same.
        prepared: the data that all of them learn from.
        folders: of the runs.
        device: where the models go.

    Raises:
        UserError: a run is missing, another one, not finished or damaged.
    """
    models = {}
    for name, other in recipe.embedded.items():
        if other.stage != "train":
            continue
        folder = folders[name]
        receipt = read_receipt(folder)
        if (receipt["address"], receipt["seed"]) != (other.address, seed):
            raise UserError(
                f"{folder}: is {receipt['address']}, seed {receipt['seed']}; task.{name} reads "
                f"{other.address}, seed {seed}"
            )
        if receipt["status"] != "finished":
            raise UserError(f"{folder}: {receipt['status']}; there is nothing to learn from it")
        state = checkpoint.load(folder / CHECKPOINT)
        require_digest(folder, CHECKPOINT, checkpoint.digest(state), receipt)
        # as its training began: a model may draw what its weights do not hold
        streams.start(seed, "initialisation")
        model = build_task(other.settings, prepared, device).model
        checkpoint.load_model(model, state, folder / CHECKPOINT)
        models[name] = model.requires_grad_(False)
    return models
