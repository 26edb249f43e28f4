"""Evaluation measures the very model that was trained, and refuses what is not what it claims to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from assay import numerics, single
from assay.configuration import configure
from assay.errors import UserError
from assay.evaluation import run as evaluation
from assay.recipe import Recipe
from assay.settings.evaluation import EvaluationSettings
from assay.settings.stages import EvaluateSettings
from assay.training import run as training

RANDOM_FEATURES = """
import torch
from torch import nn


class Random(nn.Module):
    '''Random features that no state_dict holds, and noise that is drawn while it is measured.'''

    def __init__(self, input_shape, outputs, *, width: int = 40):
        super().__init__()
        self.directions = torch.randn(input_shape[0], width)
        self.register_buffer("phases", torch.rand(width) * 6.3, persistent=False)
        self.output = nn.Linear(width, outputs)

    def forward(self, inputs):
        features = torch.cos(inputs @ self.directions + self.phases)
        return self.output(features + 0.01 * torch.randn_like(features))
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Trains a run of the given settings and evaluates it on its validation part."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "random_features.py").write_text(RANDOM_FEATURES)
    for name, value in numerics.environment(settings().numerics).items():
        monkeypatch.setenv(name, value)

    def both(**given: Any) -> tuple[dict[str, Any], dict[str, Any], Recipe]:
        base = {"data": {"source": "breast_cancer"}, "training": {"epochs": 3, "learning_rate": 0.01}}
        recipe = single.from_settings(base | given, {}, configure({}))
        prepared = single.prepared_data(recipe, 1, tmp_path / "store", tmp_path)
        training.run(recipe, 1, lambda: prepared, tmp_path / "run")
        evaluate = Recipe(
            "evaluate",
            EvaluateSettings(evaluation=EvaluationSettings(split="validation")),
            {"train": recipe.address},
            {"train": recipe},
        )
        evaluation.run(evaluate, tmp_path / "run", prepared, tmp_path / "evaluation", "cpu")
        history = json.loads((tmp_path / "run/history.json").read_text())
        metrics = json.loads((tmp_path / "evaluation/metrics.json").read_text())
        return history, metrics, evaluate

    return both


def settings() -> Any:
    from assay.settings.variant import VariantSettings

    return VariantSettings()


@pytest.mark.parametrize("model", ["mlp", "random_features:Random"])
def test_the_validation_part_gives_the_history_s_best_row(run: Any, model: str) -> None:
    history, found, _ = run(model=model)
    best = history["history"][history["best_epoch"] - 1]
    assert {f"val_{name}": value for name, value in found["metrics"].items()} == {
        name: value for name, value in best.items() if name.startswith("val_")
    }


def test_predictions_give_the_accuracy(run: Any, tmp_path: Path) -> None:
    import pandas as pd

    _, found, _ = run()
    table = pd.read_csv(tmp_path / "evaluation/predictions.csv")
    assert (table["prediction"] == table["target"]).mean() == found["metrics"]["accuracy"]
    assert table.filter(like="probability").sum(axis=1).to_numpy() == pytest.approx(1)


def test_a_finished_folder_is_never_given_to_another_run(run: Any, tmp_path: Path) -> None:
    _, _, evaluate = run()
    recipe = evaluate.embedded["train"]
    prepared = single.prepared_data(recipe, 1, tmp_path / "store", tmp_path)
    before = (tmp_path / "run/receipt.json").read_bytes()
    assert training.run(recipe, 1, lambda: prepared, tmp_path / "run")["seed"] == 1
    with pytest.raises(UserError, match=r"seed 1, not .* seed 2; choose another folder"):
        training.run(recipe, 2, lambda: prepared, tmp_path / "run")
    assert (tmp_path / "run/receipt.json").read_bytes() == before
