"""Small prepared data and recipes for the tests of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from assay.data.prepared import Prepared
from assay.recipe import Recipe
from assay.settings.stages import TrainSettings
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings
from assay.tasks import Task
from assay.training import build
from assay.training.batches import Data, load_part
from assay.training.history import History
from assay.training.loop import Keeper, train
from assay.training.state import Run, State
from assay.training.watch import Watch


def prepared(samples: int = 50, features: int = 4, classes: int = 3, seed: int = 0) -> Prepared:
    """Random samples whose class depends on their first feature."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(samples, features)).astype(np.float32)
    targets = np.digitize(inputs[:, 0], np.linspace(-0.6, 0.6, classes - 1)).astype(np.int64)
    order = random.permutation(samples)
    cuts = (int(0.6 * samples), int(0.8 * samples))
    parts = dict(zip(("train", "validation", "test"), np.split(order, cuts), strict=True))
    meta = {
        "source": "random",
        "samples": {name: len(indices) for name, indices in parts.items()},
        "input_shape": [features],
        "classes": [f"class {index}" for index in range(classes)],
    }
    return Prepared(inputs, targets, parts, meta)


def settings(**changes: Any) -> TrainSettings:
    """Settings of a small run."""
    base: dict[str, Any] = {
        "task": "classification",
        "model": {"name": "mlp", "widths": [5]},
        "loss": "cross_entropy",
    }
    training = {"epochs": 3, "batch_size": 8, **changes.pop("training", {})}
    found, wrong = validate(VariantSettings, base | changes | {"training": training})
    assert found is not None, wrong
    names = TrainSettings.model_fields
    return TrainSettings(**{name: getattr(found, name) for name in names})


def stand_in(stage: str, address: str) -> Recipe:
    """A recipe of which nothing is known but its stage and its address."""
    recipe = Recipe(stage, None)
    recipe.__dict__["address"] = address
    return recipe


@dataclass(frozen=True)
class Trained:
    """A run that is over."""

    run: Run
    last: State | None

    @property
    def task(self) -> Task:
        return self.run.task

    @property
    def history(self) -> History:
        return self.run.history

    @property
    def best(self) -> State | None:
        return self.run.best


def built(seed: int = 0, data: Prepared | None = None, **changes: Any) -> Run:
    """A run before its first step."""
    return build.build_run(settings(**changes), data or prepared(), seed, torch.device("cpu"))


def parts(data: Prepared | None = None, workers: int = 0) -> tuple[Data, Data]:
    """Training and validation data."""
    data, cpu = data or prepared(), torch.device("cpu")
    return load_part(data, "train", cpu, workers), load_part(data, "validation", cpu, workers)


def trained(
    seed: int = 0,
    data: Prepared | None = None,
    watch: Watch | None = None,
    keeper: Keeper | None = None,
    keep: Callable[[State], Any] = lambda state: None,
    **changes: Any,
) -> Trained:
    """Train a small run to its end."""
    run = built(seed, data, **changes)
    run.begin()
    return Trained(run, train(run, *parts(data), watch or Watch(), keeper or Keeper(), keep))
