"""Assay from Python, without the workflow:

    from assay.api import train
    model, history = train()                                       # digits, a small MLP, seed 0
    model, history = train({"model": {"name": "cnn"}}, seed=3)     # settings as in a study's base
    model, history = train("results/train/…/recipe.yaml", seed=3)  # a run of the workflow again

    from assay.api import load
    model, metadata = load("results/studies/digits/plain/seed-0/best.pt")

The numbers are those of the workflow, to the bit, if this is imported before torch.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay import numerics, single, streams
from assay.configuration import configure
from assay.errors import UserError
from assay.recipe import Recipe
from assay.settings.component import Model
from assay.settings.training import NumericsSettings

if TYPE_CHECKING:
    from torch import nn


def train(
    recipe: Recipe | Mapping[str, Any] | str | Path | None = None, seed: int = 0, device: str = "auto"
) -> tuple[nn.Module, dict[str, Any]]:
    """Train one run in memory; only prepared data are written, to the store.

    Args:
        recipe: a train recipe, the path of one, or settings as in a study's base; defaults if None.
        seed: the run's seed.
        device: as `machine.device` in the configuration.

    Returns:
        The model with the weights of its best epoch (of the last one if it diverged), in evaluation mode,
        and the content of `history.json`.

    Raises:
        UserError: something in the recipe is not valid.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed: must be a whole number from 0, not {seed!r}")
    if not isinstance(recipe, Recipe | Mapping | str | Path | None):
        raise UserError(f"recipe: must be a recipe, its file or settings, not {type(recipe).__name__}")
    configuration = configure()
    if isinstance(recipe, str | Path):
        recipe = single.from_file(Path(recipe), {}, configuration)
    elif not isinstance(recipe, Recipe):
        recipe = single.from_settings(recipe or {}, {}, configuration)
    recipe = recipe.with_code_now()
    settings = recipe.settings
    numerics.set_environment(settings.numerics)
    from assay.training import loop
    from assay.training.batches import load_part
    from assay.training.build import build_run, choose_device
    from assay.training.checkpoint import load_weights
    from assay.training.failures import explained
    from assay.training.read import read_models
    from assay.training.watch import Watch

    if settings.training.processes > 1:
        raise UserError("training.processes: more than 1 only with scripts/train.py, not from Python")
    numerics.configure(settings.numerics)
    where = choose_device(device)
    prepared = single.prepared_data(recipe, seed, configuration.store, configuration.options.data)
    with explained():
        run = build_run(settings, prepared, seed, where)
        read = recipe.runs_read(configuration.store, seed)
        run.task.read(read_models(recipe, seed, prepared, read, where))
        run.begin()
        data, validation = (load_part(prepared, part, where) for part in ("train", "validation"))
        loop.train(run, data, validation, Watch(), loop.Keeper())
    if run.best is not None:
        load_weights(run.task, run.best, "best epoch")
    return run.task.model.eval(), run.history.plain()


def load(
    path: Path | str, model: nn.Module | None = None, device: str = "cpu", strict: bool = True
) -> tuple[nn.Module, dict[str, Any]]:
    """The model of a checkpoint, in evaluation mode.

    Args:
        path: the checkpoint's file.
        model: what its weights are put into; must be of the checkpoint's class. Built anew unless given.
        device: as `machine.device` in the configuration.
        strict: refuse a `model` that lacks tensors or has others; otherwise warn and load those that fit.

    Returns:
        The model, and all else that the checkpoint holds: recipe, seed, epoch, history, versions, …

    Raises:
        UserError: the file is damaged, of another class of model, or does not fit.
    """
    if "torch" not in sys.modules:  # what `train`, which may follow, needs before torch is imported
        numerics.set_environment(NumericsSettings())
    import torch

    from assay.training import checkpoint
    from assay.training.build import build, choose_device

    where = choose_device(device)
    state = checkpoint.load(Path(path))
    if model is None:
        if "recipe" not in state:
            raise UserError(f"{path}: does not say which model it is of; build it, and give it as `model`")
        settings = state["recipe"]["settings"]
        before = torch.get_default_dtype()
        torch.set_default_dtype(getattr(torch, settings["numerics"]["dtype"]))
        # as its training began: a model may draw what its weights do not hold
        streams.start(state["seed"], "initialisation")
        try:
            named = Model.model_validate(settings["model"])
            model = build("models", named, tuple(state["input_shape"]), state["outputs"])
        finally:
            torch.set_default_dtype(before)
    model = model.to(where)
    checkpoint.load_model(model, state, path, strict)
    return model, {key: value for key, value in state.items() if key != "model"}
