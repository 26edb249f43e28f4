"""Losses of class logits against formulas written out in NumPy, class by class, and published values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from assay.components import names
from assay.construct import load
from assay.losses.cross_entropy import CrossEntropy
from assay.losses.focal import Focal
from assay.losses.label_smoothing import LabelSmoothing
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

LOGITS = np.random.default_rng(0).normal(size=(20, 5)) * 3
TARGETS = np.random.default_rng(1).integers(0, 5, size=20)
WEIGHTS = [0.5, 1.0, 2.0, 0.25, 4.0]  # exact in float32


def log_probability(row: Any, k: int) -> float:
    """The logarithm of one class's softmax, one row at a time."""
    top = max(float(z) for z in row)
    return float(row[k]) - top - math.log(math.fsum(math.exp(float(z) - top) for z in row))


def value(loss: torch.nn.Module) -> float:
    return float(loss(torch.from_numpy(LOGITS), torch.from_numpy(TARGETS)))


def smoothed_cross_entropy(smoothing: float, weights: list[float]) -> float:
    """Szegedy et al. 2016, section 7: cross-entropy with q'(k) = (1 - ε) δ(k, y) + ε/K, weighted as torch does."""
    total, norm = 0.0, 0.0
    for row, y in zip(LOGITS, TARGETS, strict=True):
        for k in range(5):
            q = (1 - smoothing) * (k == y) + smoothing / 5
            total -= weights[k] * q * log_probability(row, k)
        norm += weights[y]
    return total / norm


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_cross_entropy_and_label_smoothing(smoothing: float, weights: list[float] | None) -> None:
    expected = smoothed_cross_entropy(smoothing, weights or [1.0] * 5)
    exact = CrossEntropy(label_smoothing=smoothing, class_weights=weights).double()
    assert value(exact) == pytest.approx(expected, rel=1e-12)
    same = LabelSmoothing(smoothing=smoothing, class_weights=weights).double()
    assert value(same) == pytest.approx(expected, rel=1e-12)


def test_defaults() -> None:
    assert value(CrossEntropy()) == pytest.approx(smoothed_cross_entropy(0.0, [1.0] * 5), rel=1e-12)
    assert value(LabelSmoothing()) == pytest.approx(smoothed_cross_entropy(0.1, [1.0] * 5), rel=1e-12)
    assert value(Focal()) == pytest.approx(focal(2.0, [1.0] * 5), rel=1e-12)


def focal(gamma: float, weights: list[float]) -> float:
    """Lin et al. 2017, equation 5, FL(p) = -α (1 - p)^γ log p, as a plain mean."""
    losses = []
    for row, y in zip(LOGITS, TARGETS, strict=True):
        p = math.exp(log_probability(row, y))
        losses.append(-weights[y] * (1 - p) ** gamma * math.log(p))
    return math.fsum(losses) / len(losses)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_focal(gamma: float, weights: list[float] | None) -> None:
    loss = Focal(gamma=gamma, class_weights=weights).double()
    assert value(loss) == pytest.approx(focal(gamma, weights or [1.0] * 5), rel=1e-10)


def test_focal_without_gamma_is_cross_entropy() -> None:
    assert value(Focal(gamma=0.0)) == pytest.approx(value(CrossEntropy()), rel=1e-12)


@pytest.mark.parametrize(("p", "times"), [(0.9, 100), (0.968, 1000)])
def test_focal_counts_easy_samples_as_little_as_published(p: float, times: float) -> None:
    """Lin et al. 2017, section 3.2: with γ = 2, p = 0.9 has 100 times less loss and p ≈ 0.968 1000 times."""
    logits = torch.tensor([[math.log(p), math.log(1 - p)]], dtype=torch.float64)
    target = torch.tensor([0])
    ratio = float(CrossEntropy()(logits, target) / Focal()(logits, target))
    assert ratio == pytest.approx(times, rel=0.03)


def test_weights_change_the_scale_of_focal_loss_only() -> None:
    """The plain mean grows with the weights, the weighted mean does not."""
    twice = [2.0] * 5
    assert value(Focal(class_weights=twice)) == pytest.approx(2 * value(Focal()), rel=1e-12)
    assert value(CrossEntropy(class_weights=twice).double()) == pytest.approx(
        value(CrossEntropy()), rel=1e-12
    )


LOSSES = {
    "cross_entropy": CrossEntropy(),
    "weighted cross_entropy": CrossEntropy(label_smoothing=0.2, class_weights=[1.0, 0.5, 2.0]).double(),
    "label_smoothing": LabelSmoothing(),
    "focal": Focal(),
    "focal, half": Focal(gamma=0.5, class_weights=[1.0, 0.5, 2.0]).double(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name: str) -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(6, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    targets = torch.randint(0, 3, (6,), generator=generator)
    assert gradcheck(lambda z: LOSSES[name](z, targets), logits)


@pytest.mark.parametrize("name", LOSSES)
@given(
    scale=st.sampled_from([0.0, 1e-4, 1.0, 1e4]),
    signs=st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=3, max_size=3),
    target=st.integers(0, 2),
)
def test_extreme_logits_give_finite_losses_and_gradients(
    name: str, scale: float, signs: list[float], target: int
) -> None:
    logits = (scale * torch.tensor([signs], dtype=torch.float64)).requires_grad_()
    loss = LOSSES[name](logits, torch.tensor([target]))
    loss.backward()
    assert loss.isfinite() and loss >= 0
    assert logits.grad is not None and logits.grad.isfinite().all()


@pytest.mark.parametrize("kind", [CrossEntropy, LabelSmoothing, Focal])
def test_class_weights_are_a_moving_constant(kind: Any) -> None:
    loss = kind(class_weights=[1, 2])
    assert dict(loss.named_buffers())["class_weights"].tolist() == [1.0, 2.0]
    assert loss.state_dict() == {} and list(loss.parameters()) == []
    assert loss.to(torch.float64).class_weights.dtype == torch.float64
    with pytest.raises(ValueError, match="class_weights has 2 weights for 3 classes"):
        loss(torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64))


@pytest.mark.parametrize("kind", [CrossEntropy, LabelSmoothing, Focal])
@pytest.mark.parametrize("weights", [[], [0.0, 1.0], [-1.0, 2.0], [float("nan"), 1.0], [float("inf"), 1.0]])
def test_class_weights_that_are_wrong_are_named(kind: Any, weights: list[float]) -> None:
    with pytest.raises(ValueError, match="class_weights must be"):
        kind(class_weights=weights)


@pytest.mark.parametrize(
    ("kind", "setting", "wrong"),
    [
        (CrossEntropy, "label_smoothing", -0.1),
        (CrossEntropy, "label_smoothing", 1.1),
        (LabelSmoothing, "smoothing", -0.1),
        (LabelSmoothing, "smoothing", 1.1),
        (Focal, "gamma", -0.1),
        (Focal, "gamma", float("nan")),
    ],
)
def test_settings_that_are_wrong_are_named(kind: Any, setting: str, wrong: float) -> None:
    with pytest.raises(ValueError, match=f"^{setting} must be"):
        kind(**{setting: wrong})


@pytest.mark.parametrize("name", names("losses"))
def test_every_loss_returns_what_it_names(name: str) -> None:
    """A scalar, or a mapping with `loss` and exactly the parts that its class names."""
    loss = load("losses", name)(**({"lower": 0.0} if name == "physical_constraint" else {}))
    values, classes = torch.rand(4, 1), torch.tensor([0, 2, 2, 1])
    given_by_task: dict[str, tuple[Tensor, ...]] = {
        "distillation": (torch.rand(4, 3), classes, torch.rand(4, 3)),
        **dict.fromkeys(("cross_entropy", "label_smoothing", "focal"), (torch.rand(4, 3), classes)),
        "supervised_contrastive": (torch.rand(4, 3), classes),
    }
    found = loss(*given_by_task.get(name, (values, values.flip(0))))
    if isinstance(found, dict):
        # a teacher's parts exist in training alone, so they cannot be compared
        assert set(found) == {"loss", *(("hard", "soft") if name == "distillation" else loss.parts)}
    else:
        assert not hasattr(loss, "parts")
        found = {"loss": found}
    assert all(part.shape == () and part.isfinite() for part in found.values())
