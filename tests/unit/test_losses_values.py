"""Losses of values against formulas in plain loops, a discrete Fourier transform written out, scikit-learn."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import pytest
import torch
from assay.losses.frequency_consistency import FrequencyConsistency
from assay.losses.huber import Huber
from assay.losses.mean_absolute_error import MeanAbsoluteError
from assay.losses.mean_squared_error import MeanSquaredError
from assay.losses.multi_task import MultiTask
from assay.losses.physical_constraint import PhysicalConstraint
from torch import Tensor
from torch.autograd import gradcheck

SHAPES = [(7,), (7, 1), (4, 3), (2, 3, 5), (1, 1)]


def draw(*shape: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A prediction and its target, many errors on both sides of 1."""
    random = np.random.default_rng(seed)
    return torch.from_numpy(2 * random.normal(size=shape)), torch.from_numpy(random.normal(size=shape))


def errors(prediction: Tensor, target: Tensor) -> list[float]:
    return [p - t for p, t in zip(prediction.flatten().tolist(), target.flatten().tolist(), strict=True)]


def huber(error: float, delta: float) -> float:
    return error**2 / 2 if abs(error) <= delta else delta * (abs(error) - delta / 2)


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_errors_of_elements(shape: tuple[int, ...]) -> None:
    from sklearn.metrics import mean_absolute_error, mean_squared_error

    prediction, target = draw(*shape)
    flat = prediction.flatten().numpy(), target.flatten().numpy()
    assert float(MeanSquaredError()(prediction, target)) == pytest.approx(mean_squared_error(*flat))
    assert float(MeanAbsoluteError()(prediction, target)) == pytest.approx(mean_absolute_error(*flat))
    for delta in (0.3, 1.0, 2.5):
        expected = mean([huber(error, delta) for error in errors(prediction, target)])
        assert float(Huber(delta=delta)(prediction, target)) == pytest.approx(expected, rel=1e-12)
        torch.testing.assert_close(
            Huber(delta=delta)(prediction, target), torch.nn.HuberLoss(delta=delta)(prediction, target)
        )
    assert Huber()(prediction, target) == Huber(delta=1.0)(prediction, target)


KINDS: dict[str, Any] = {
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "multi_task": MultiTask,
    "frequency_consistency": FrequencyConsistency,
    "physical_constraint": lambda: PhysicalConstraint(lower=0.0),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("one", "other"), [((4, 1), (4,)), ((4,), (4, 1)), ((4, 3), (1, 3)), ((4, 3), ())])
def test_shapes_that_would_be_broadcast_are_refused(
    kind: str, one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="they must be the same"):
        KINDS[kind]()(torch.zeros(one), torch.zeros(other))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind: str) -> None:
    prediction, target = draw(3, 4, seed=1)

    def loss(z: Tensor) -> Tensor:
        found = KINDS[kind]()(z, target)
        return found if isinstance(found, Tensor) else found["loss"]

    assert gradcheck(loss, prediction.requires_grad_())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0.0, 1e4])
def test_exact_and_extreme_predictions_have_finite_gradients(kind: str, size: float) -> None:
    """Where there is no error at all, the gradient of every loss is 0."""
    prediction = torch.tensor([[size, -size, 0.0, size]], requires_grad=True)
    target = torch.zeros(1, 4)
    found = KINDS[kind]()(prediction, target)
    loss = found if isinstance(found, Tensor) else found["loss"]
    loss.backward()
    assert loss.isfinite() and prediction.grad is not None and prediction.grad.isfinite().all()
    assert size or (loss == 0 and not prediction.grad.any())


ELEMENT = {
    "mean_squared_error": lambda error, delta: error**2,
    "mean_absolute_error": lambda error, delta: abs(error),
    "huber": huber,
}


@pytest.mark.parametrize("of", ELEMENT)
@pytest.mark.parametrize("weights", [None, [0.5, 0.0, 4.0]])
def test_multi_task(of: Any, weights: list[float] | None) -> None:
    prediction, target = draw(6, 3)
    columns = [
        mean([ELEMENT[of](error, 0.7) for error in errors(prediction[:, k], target[:, k])]) for k in range(3)
    ]
    found = MultiTask(of=of, weights=weights, delta=0.7)(prediction, target)
    assert list(found) == ["loss", "output_0", "output_1", "output_2"]
    assert [float(found[f"output_{k}"]) for k in range(3)] == pytest.approx(columns, rel=1e-12)
    expected = sum(w * column for w, column in zip(weights or [1.0] * 3, columns, strict=True))
    assert float(found["loss"]) == pytest.approx(expected, rel=1e-12)


def test_multi_task_takes_one_output_as_a_vector() -> None:
    prediction, target = draw(5)
    found = MultiTask(weights=[3.0])(prediction, target)
    assert found == MultiTask(weights=[3.0])(prediction[:, None], target[:, None])
    assert float(found["output_0"]) == pytest.approx(mean([e**2 for e in errors(prediction, target)]))
    assert float(found["loss"]) == pytest.approx(3 * float(found["output_0"]))


def test_multi_task_s_weights() -> None:
    loss = MultiTask(weights=[1, 2])
    assert dict(loss.named_buffers())["weights"].tolist() == [1.0, 2.0] and loss.state_dict() == {}
    with pytest.raises(ValueError, match="weights has 2 weights for 3 outputs"):
        loss(torch.zeros(4, 3), torch.zeros(4, 3))
    with pytest.raises(ValueError, match="weights has 2 weights for 1 outputs"):
        loss(torch.zeros(4), torch.zeros(4))
    with pytest.raises(ValueError, match=r"\(batch, outputs\)"):
        MultiTask()(torch.zeros(4, 3, 2), torch.zeros(4, 3, 2))


def magnitudes(signal: list[float]) -> list[float]:
    """|X_k| = |Σ x_m e^(-2πi k m / n)| / √n for k = 0 … ⌊n/2⌋, written out."""
    n = len(signal)
    return [
        abs(sum(x * cmath.exp(-2j * math.pi * k * m / n) for m, x in enumerate(signal))) / math.sqrt(n)
        for k in range(n // 2 + 1)
    ]


@pytest.mark.parametrize("shape", [(3, 8), (3, 7), (2, 3, 6), (2, 1)], ids=str)
@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_frequency_consistency(shape: tuple[int, ...], weight: float) -> None:
    prediction, target = draw(*shape)
    rows = (prediction.reshape(-1, shape[-1]).tolist(), target.reshape(-1, shape[-1]).tolist())
    squares = [
        (a - b) ** 2
        for own, other in zip(*rows, strict=True)
        for a, b in zip(magnitudes(own), magnitudes(other), strict=True)
    ]
    data = mean([error**2 for error in errors(prediction, target)])
    found = FrequencyConsistency(weight=weight)(prediction, target)
    assert list(found) == ["loss", *FrequencyConsistency.parts]
    assert float(found["data"]) == pytest.approx(data, rel=1e-12)
    assert float(found["frequency"]) == pytest.approx(mean(squares), rel=1e-10)
    assert float(found["loss"]) == pytest.approx(data + weight * mean(squares), rel=1e-10)


def test_the_frequencies_count_as_much_as_the_data_by_default() -> None:
    found = FrequencyConsistency()(*draw(2, 8))
    assert found["loss"] == found["data"] + found["frequency"]


def test_a_shifted_signal_has_the_same_frequencies() -> None:
    signal = draw(2, 16)[0]
    found = FrequencyConsistency()(signal.roll(3, dims=1), signal)
    assert float(found["frequency"]) == pytest.approx(0, abs=1e-25) and found["data"] > 0.1
    with pytest.raises(ValueError, match=r"\(batch, …, length\)"):
        FrequencyConsistency()(torch.zeros(4), torch.zeros(4))


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 5)], ids=str)
@pytest.mark.parametrize(
    "settings",
    [
        {"lower": -0.5},
        {"upper": 0.3, "weight": 2.0},
        {"conserve_sum": True},
        {"lower": -0.5, "upper": 0.3, "conserve_sum": True, "weight": 0.1},
        {"lower": 0.0, "weight": 0.0},
    ],
    ids=str,
)
def test_physical_constraint(shape: tuple[int, ...], settings: dict[str, Any]) -> None:
    prediction, target = draw(*shape)
    n, values = shape[-1], prediction.flatten().tolist()
    constraint = 0.0
    if "lower" in settings:
        constraint += mean([(settings["lower"] - x) ** 2 if x < settings["lower"] else 0.0 for x in values])
    if "upper" in settings:
        constraint += mean([(x - settings["upper"]) ** 2 if x > settings["upper"] else 0.0 for x in values])
    if "conserve_sum" in settings:
        rows = zip(prediction.reshape(-1, n).tolist(), target.reshape(-1, n).tolist(), strict=True)
        constraint += mean([((math.fsum(own) - math.fsum(other)) / n) ** 2 for own, other in rows])
    assert constraint > 0.01
    data = mean([error**2 for error in errors(prediction, target)])
    found = PhysicalConstraint(**settings)(prediction, target)
    assert list(found) == ["loss", *PhysicalConstraint.parts]
    assert float(found["data"]) == pytest.approx(data, rel=1e-12)
    assert float(found["constraint"]) == pytest.approx(constraint, rel=1e-10)
    assert float(found["loss"]) == pytest.approx(data + settings.get("weight", 1.0) * constraint, rel=1e-10)


def test_what_is_possible_costs_nothing() -> None:
    target = draw(4, 6)[1].clamp(-1, 1)
    loss = PhysicalConstraint(lower=-1.0, upper=1.0, conserve_sum=True)
    assert loss(target.flip(1), target)["constraint"] == pytest.approx(0, abs=1e-25)
    with pytest.raises(ValueError, match="conserve_sum needs"):
        loss(torch.zeros(4), torch.zeros(4))


@pytest.mark.parametrize(
    ("kind", "settings", "text"),
    [
        (Huber, {"delta": 0.0}, "delta must be greater than 0"),
        (MultiTask, {"of": "huber", "delta": -1.0}, "delta must be greater than 0"),
        (MultiTask, {"of": "focal"}, "of must be one of mean_squared_error"),
        (MultiTask, {"weights": [1.0, -1.0]}, "weights must be a list of finite numbers, each at least 0"),
        (MultiTask, {"weights": [0.0, 0.0]}, "weights must have a number greater than 0"),
        (MultiTask, {"weights": []}, "weights must be a list"),
        (FrequencyConsistency, {"weight": -1.0}, "weight must be at least 0"),
        (PhysicalConstraint, {"lower": 0.0, "weight": -1.0}, "weight must be at least 0"),
        (PhysicalConstraint, {}, "at least one of lower, upper and conserve_sum"),
        (PhysicalConstraint, {"lower": 1.0, "upper": 1.0}, "lower must be less than upper"),
    ],
)
def test_settings_that_are_wrong_are_named(kind: Any, settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        kind(**settings)
