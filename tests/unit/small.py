"""Small prepared data and recipes for the tests of training."""

from __future__ import annotations

from typing import Any

import numpy as np
from assay.data.prepared import Prepared
from assay.settings.stages import TrainSettings
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings


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
