"""Regression: metrics against scikit-learn's, sums against brute force, training against least squares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from assay.data.prepared import Prepared
from assay.errors import UserError
from assay.losses.huber import Huber
from assay.losses.mean_squared_error import MeanSquaredError
from assay.losses.multi_task import MultiTask
from assay.settings.stages import TrainSettings
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings
from assay.tasks import Sums
from assay.tasks.regression import Regression
from sklearn import metrics
from torch import Tensor, nn

CPU = torch.device("cpu")
Arrays = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def meta(outputs: int, mean: float = 0.0, scale: float = 1.0) -> dict[str, Any]:
    return {
        "targets": "values",
        "classes": [],
        "outputs": [f"y{index}" for index in range(outputs)],
        "target_mean": [mean] * outputs,
        "target_scale": [scale] * outputs,
    }


def task(outputs: int = 3, loss: nn.Module | None = None, **settings: Any) -> Regression:
    """A linear model of four features with random weights, targets around 1000 with deviation 5."""
    torch.manual_seed(0)
    made = Regression(meta(outputs, 1000, 5), nn.Linear(4, outputs), loss or MeanSquaredError(), **settings)
    return made.eval()


def samples(count: int = 101, outputs: int = 3) -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(count)
    inputs = random.normal(size=(count, 4))
    targets = 1000 + 5 * random.normal(size=(count, outputs)) + 2 * inputs[:, :1]
    return torch.tensor(inputs, dtype=torch.float32), torch.tensor(targets, dtype=torch.float32)


@torch.no_grad()
def measured(made: Regression, inputs: Tensor, targets: Tensor, size: int) -> Sums:
    """The sums over batches of so many samples, added up."""
    parts = [
        made.evaluation_step(batch) for batch in zip(inputs.split(size), targets.split(size), strict=True)
    ]
    sums = {name: sum(part[name].double() for part in parts) for name in parts[0]}
    return {**sums, "count": torch.tensor(len(inputs))}


def predicted(made: Regression, inputs: Tensor) -> np.ndarray:
    with torch.no_grad():
        return np.array(list(made.predictions(inputs).values())).T


@pytest.mark.parametrize("size", [1, 7, 50, 101])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("standardize", [True, False])
def test_metrics_are_scikit_learns(size: int, outputs: int, standardize: bool) -> None:
    made = task(outputs, standardize=standardize)
    inputs, targets = samples(outputs=outputs)
    sums = measured(made, inputs, targets, size)
    expected = {
        "rmse": metrics.root_mean_squared_error,
        "mae": metrics.mean_absolute_error,
        "r2": metrics.r2_score,
    }
    actual, found, prediction = targets.double().numpy(), made.summarize(sums), predicted(made, inputs)
    assert set(found) == set(Regression.metrics)
    for name, oracle in expected.items():
        assert found[name] == pytest.approx(oracle(actual, prediction), rel=1e-6)
        each = oracle(actual, prediction, multioutput="raw_values")
        assert [row[name] for row in made.report(sums)["per_output"]] == pytest.approx(each, rel=1e-6)
    assert [row["output"] for row in made.report(sums)["per_output"]] == made.meta["outputs"]
    scale = 5 if standardize else 1
    assert found["loss"] == pytest.approx(metrics.mean_squared_error(actual, prediction) / scale**2, rel=1e-4)


def test_targets_of_one_dimension_are_one_column() -> None:
    made, (inputs, targets) = task(1), samples(outputs=1)
    assert measured(made, inputs, targets[:, 0], 10) == measured(made, inputs, targets, 10)
    assert list(made.predictions(inputs)) == ["prediction"]
    assert list(task(2).predictions(inputs)) == ["prediction_y0", "prediction_y1"]


def test_training_measures_what_it_steps_on() -> None:
    made, (inputs, targets) = task(loss=Huber(delta=0.5)), samples()
    loss, sums = made.training_step((inputs, targets), "model")
    prediction = predicted(made, inputs)
    expected = torch.nn.functional.huber_loss(
        torch.tensor((prediction - 1000) / 5), (targets.double() - 1000) / 5, delta=0.5
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5) and loss.requires_grad
    found = made.summarize({name: value.double() for name, value in sums.items()} | {"count": 101})
    assert set(found) == set(Regression.training_metrics)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(targets, prediction))
    assert not any(value.requires_grad for value in sums.values())


def test_the_parts_of_a_loss_are_measured() -> None:
    made, (inputs, targets) = task(loss=MultiTask(weights=[1, 0, 2])), samples()
    found = made.summarize(measured(made, inputs, targets, 7))
    each = metrics.mean_squared_error(targets, predicted(made, inputs), multioutput="raw_values") / 25
    assert [found[f"output_{index}"] for index in range(3)] == pytest.approx(each, rel=1e-4)
    assert found["loss"] == pytest.approx(each[0] + 2 * each[2], rel=1e-4)


def test_a_part_of_one_value_has_no_r2() -> None:
    made, (inputs, targets) = task(2), samples(outputs=2)
    targets[:, 1] = 1003.1
    rows = made.report(measured(made, inputs, targets, 9))["per_output"]
    assert rows[1]["r2"] == 0 and rows[0]["r2"] == pytest.approx(
        metrics.r2_score(targets[:, 0], predicted(made, inputs)[:, 0])
    )
    assert made.summarize(measured(made, inputs[:1], targets[:1], 1))["r2"] == 0


def test_sums_keep_their_digits_far_from_zero() -> None:
    """Values around 1e6 with a deviation of 1: float32 sums of their squares would have no digit left."""
    random = np.random.default_rng(0)
    targets = torch.tensor(1e6 + random.normal(size=(5000, 1)), dtype=torch.float32)
    inputs = torch.tensor(random.normal(size=(5000, 4)), dtype=torch.float32)
    made = Regression(meta(1, 1e6, 1.0), nn.Linear(4, 1), MeanSquaredError())
    found = made.summarize(measured(made, inputs, targets, 1024))
    actual, prediction = targets.double().numpy(), predicted(made, inputs)
    assert found["r2"] == pytest.approx(metrics.r2_score(actual, prediction), rel=1e-9)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(actual, prediction), rel=1e-9)


def problem(samples: int = 60) -> Prepared:
    """Two outputs that depend on three features linearly, and noise."""
    random = np.random.default_rng(1)
    inputs = random.normal(size=(samples, 3))
    targets = inputs @ random.normal(size=(3, 2)) * [1, 40] + [7, -300] + random.normal(size=(samples, 2))
    parts = dict(zip(("train", "validation", "test"), np.split(np.arange(samples), [40, 50]), strict=True))
    measured = targets.astype(np.float32)[:40].astype(np.float64)
    found = {"source": "random", "input_shape": [3], **meta(2)}
    found |= {"target_mean": measured.mean(0).tolist(), "target_scale": measured.std(0).tolist()}
    return Prepared(inputs.astype(np.float32), targets.astype(np.float32), parts, found)


def settings(**changes: Any) -> TrainSettings:
    base = {"task": "regression", "model": {"name": "mlp", "widths": []}, "loss": "mean_squared_error"}
    found, wrong = validate(VariantSettings, base | changes)
    assert found is not None, wrong
    return TrainSettings(**{name: getattr(found, name) for name in TrainSettings.model_fields})


def test_a_trained_linear_model_is_least_squares(double: None) -> None:
    from assay.training.batches import load_part
    from assay.training.build import build_run
    from assay.training.loop import Keeper, train
    from assay.training.watch import Watch

    data = problem()
    training = {"epochs": 150, "batch_size": 40, "learning_rate": 0.1}
    sgd = {"name": "sgd", "momentum": 0.5, "weight_decay": 0.0}
    run = build_run(settings(training=training | {"optimizer": sgd}), data, 0, CPU)
    train(run, load_part(data, "train", CPU), load_part(data, "validation", CPU), Watch(), Keeper())
    inputs = np.column_stack([data.inputs.astype(np.float64), np.ones(len(data.inputs))])
    weights, *_ = np.linalg.lstsq(inputs[:40], data.targets[:40].astype(np.float64), rcond=None)
    found = predicted(run.task.eval(), torch.tensor(data.inputs, dtype=torch.float64))
    np.testing.assert_allclose(found, inputs @ weights, rtol=1e-7)
    last = run.history.rows[-1]
    for part, rows in (("train", slice(0, 40)), ("val", slice(40, 50))):
        expected = metrics.root_mean_squared_error(data.targets[rows], (inputs @ weights)[rows])
        assert last[f"{part}_rmse"] == pytest.approx(expected, rel=1e-5)
    assert last["val_r2"] == pytest.approx(
        metrics.r2_score(data.targets[40:50], (inputs @ weights)[40:50]), rel=1e-5
    )


def test_what_the_weights_mean_is_saved_with_them() -> None:
    assert {"mean", "scale"} <= task().state_dict().keys()


def test_a_model_of_another_shape_is_said() -> None:
    made = Regression(meta(2), nn.Linear(4, 3), MeanSquaredError())
    with pytest.raises(
        UserError, match=r"shape \(101, 3\); regression needs .batch, outputs., here \(101, 2\)"
    ):
        made.training_step(samples(outputs=2), "model")


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "label_smoothing", "supervised_contrastive"])
def test_a_loss_of_classes_is_refused(loss: str) -> None:
    from assay.training.build import build_task

    with pytest.raises(UserError, match=r"Regression needs a loss of values, .*huber, .*mean_squared_error"):
        build_task(settings(loss=loss), problem(), CPU)


def test_a_loss_that_does_not_fit_the_outputs_is_refused_before_training() -> None:
    from assay.training.build import build_task

    with pytest.raises(UserError, match="weights has 3 weights for 2 outputs"):
        build_task(settings(loss={"name": "multi_task", "weights": [1.0, 1.0, 1.0]}), problem(), CPU)


def test_values_are_for_regression_and_classes_are_not() -> None:
    from assay.training.build import build_task

    changed = Prepared(problem().inputs, problem().targets, problem().parts, problem().meta)
    with pytest.raises(UserError, match=r"classification: needs data with classes; .* are values"):
        build_task(settings(task="classification", loss="cross_entropy"), changed, CPU)
    changed.meta["targets"] = "classes"
    with pytest.raises(UserError, match=r"regression: needs data with values; .* are classes"):
        build_task(settings(), changed, CPU)


@pytest.mark.parametrize(("outputs", "suffixes"), [(1, [""]), (2, ["_y0", "_y1"])])
def test_the_file_of_predictions_gives_the_metrics(tmp_path: Path, outputs: int, suffixes: list[str]) -> None:
    import json

    import pandas as pd
    from assay.evaluation.run import _write
    from assay.settings.evaluation import EvaluationSettings
    from assay.settings.training import NumericsSettings

    inputs, targets = samples(outputs=outputs)
    parts = {"test": np.arange(3, 90)}
    data = Prepared(inputs.numpy(), targets.numpy(), parts, meta(outputs, 1000, 5))
    found = _write(task(outputs), data, EvaluationSettings(), NumericsSettings(), tmp_path, CPU)
    table = pd.read_csv(tmp_path / "predictions.csv")
    assert list(table) == ["sample", *(f"target{s}" for s in suffixes), *(f"prediction{s}" for s in suffixes)]
    np.testing.assert_array_equal(table[[f"target{s}" for s in suffixes]], targets[3:90])
    errors = table.filter(like="target").to_numpy() - table.filter(like="prediction").to_numpy()
    assert found["rmse"] == pytest.approx(np.sqrt((errors**2).mean(0)).mean(), rel=1e-9)
    assert json.loads((tmp_path / "metrics.json").read_text())["per_output"][0]["output"] == "y0"
