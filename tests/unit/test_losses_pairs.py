"""Losses that compare samples or models, contrastive and distillation, against their papers in plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from assay.losses.distillation import Distillation
from assay.losses.supervised_contrastive import SupervisedContrastive
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck
from torch.nn import functional


def draw(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def khosla(embeddings: Any, targets: Any, temperature: float) -> float:
    """Khosla et al. 2020, equation 2, term by term; the mean over anchors that have a positive."""
    z = [row / math.sqrt(sum(x * x for x in row)) for row in embeddings]
    n = len(z)
    losses = []
    for i in range(n):
        positives = [p for p in range(n) if p != i and targets[p] == targets[i]]
        if not positives:
            continue
        denominator = sum(math.exp(float(z[i] @ z[a]) / temperature) for a in range(n) if a != i)
        terms = [math.log(math.exp(float(z[i] @ z[p]) / temperature) / denominator) for p in positives]
        losses.append(-sum(terms) / len(positives))
    return sum(losses) / len(losses) if losses else 0.0


@given(
    seed=st.integers(0, 2**32),
    targets=st.lists(st.integers(0, 3), min_size=1, max_size=9),
    size=st.integers(1, 5),
    temperature=st.sampled_from([0.05, 0.1, 0.5, 2.0]),
)
def test_supervised_contrastive_is_the_paper_s(
    seed: int, targets: list[int], size: int, temperature: float
) -> None:
    embeddings = draw(seed, len(targets), size)
    found = SupervisedContrastive(temperature=temperature)(
        torch.from_numpy(embeddings), torch.tensor(targets)
    )
    assert float(found) == pytest.approx(khosla(embeddings, targets, temperature), rel=1e-9, abs=1e-12)


def test_the_temperature_is_0_1_by_default() -> None:
    embeddings, targets = draw(0, 6, 3), [0, 0, 1, 1, 2, 0]
    found = SupervisedContrastive()(torch.from_numpy(embeddings), torch.tensor(targets))
    assert float(found) == pytest.approx(khosla(embeddings, targets, 0.1), rel=1e-12)


@pytest.mark.parametrize("samples", [2, 5])
def test_two_classes_that_have_collapsed(samples: int) -> None:
    """A closed form: all of a class at one point, the other opposite; n - 1 positives and n negatives."""
    direction = torch.from_numpy(draw(1, 1, 4))
    embeddings = torch.cat([direction.expand(samples, 4), -3 * direction.expand(samples, 4)])
    targets = torch.tensor([0] * samples + [1] * samples)
    expected = math.log((samples - 1) + samples * math.exp(-2 / 0.5))
    assert float(SupervisedContrastive(temperature=0.5)(embeddings, targets)) == pytest.approx(expected)


def test_with_one_positive_each_it_is_simclr_s() -> None:
    """NT-Xent (Chen et al. 2020, equation 1): cross-entropy that picks the other view among all others."""
    views = torch.from_numpy(draw(2, 8, 5))
    unit = functional.normalize(views)
    logits = (unit @ unit.T / 0.2).fill_diagonal_(-math.inf)
    expected = functional.cross_entropy(logits, torch.tensor([4, 5, 6, 7, 0, 1, 2, 3]))
    found = SupervisedContrastive(temperature=0.2)(views, torch.tensor([0, 1, 2, 3, 0, 1, 2, 3]))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("targets", [[0], [0, 1], [3, 1, 2, 0]])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_batch_without_positives_gives_zero_and_gradients_of_zero(
    targets: list[int], dtype: torch.dtype
) -> None:
    embeddings = torch.from_numpy(draw(3, len(targets), 4)).to(dtype).requires_grad_()
    with torch.autograd.set_detect_anomaly(True):  # refuses NaN on the way, too
        loss = SupervisedContrastive()(embeddings, torch.tensor(targets))
        loss.backward()
    assert loss == 0 and embeddings.grad is not None and not embeddings.grad.any()


@pytest.mark.parametrize("scale", [1e-15, 1e-4, 1e4, 1e15])
def test_the_length_of_embeddings_does_not_matter(scale: float) -> None:
    embeddings, targets = torch.from_numpy(draw(4, 6, 3)), torch.tensor([0, 1, 1, 0, 2, 2])
    loss = SupervisedContrastive()
    torch.testing.assert_close(loss(scale * embeddings, targets), loss(embeddings, targets))


def test_a_large_batch_at_a_low_temperature_is_finite() -> None:
    """Similarities of ±1000, whose exponentials overflow, and copies of one sample."""
    embeddings = torch.from_numpy(draw(5, 1000, 8)).float()
    embeddings[::10] = embeddings[0]
    embeddings = embeddings.requires_grad_()
    loss = SupervisedContrastive(temperature=0.001)(embeddings, torch.arange(1000) % 7)
    loss.backward()
    assert loss.isfinite() and loss > 0
    assert embeddings.grad is not None and embeddings.grad.isfinite().all()


def test_an_embedding_of_zeros_has_no_direction_and_no_huge_gradient() -> None:
    embeddings = torch.from_numpy(draw(6, 4, 3)).float()
    embeddings[1] = 0
    embeddings = embeddings.requires_grad_()
    loss = SupervisedContrastive()(embeddings, torch.tensor([0, 0, 1, 1]))
    loss.backward()
    assert loss.isfinite() and embeddings.grad is not None and embeddings.grad.abs().max() < 100


def test_gradients_of_supervised_contrastive() -> None:
    embeddings = torch.from_numpy(draw(7, 6, 3)).requires_grad_()
    targets = torch.tensor([0, 1, 0, 1, 1, 2])
    assert gradcheck(lambda z: SupervisedContrastive(temperature=0.5)(z, targets), embeddings)


@pytest.mark.parametrize(
    ("shape", "targets"), [((4,), (4,)), ((4, 2, 3), (4,)), ((4, 3), (3,)), ((4, 3), (4, 1))]
)
def test_shapes_of_supervised_contrastive(shape: tuple[int, ...], targets: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must be \(batch, size\) and \(batch,\)"):
        SupervisedContrastive()(torch.zeros(shape), torch.zeros(targets))


def softened(row: Any, temperature: float) -> list[float]:
    """Hinton et al. 2015, equation 1."""
    top = max(float(z) for z in row)
    exponentials = [math.exp((float(z) - top) / temperature) for z in row]
    return [e / sum(exponentials) for e in exponentials]


@given(
    seed=st.integers(0, 2**32),
    batch=st.integers(1, 6),
    classes=st.integers(2, 5),
    temperature=st.sampled_from([0.5, 1.0, 2.0, 7.0]),
    weight=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_distillation_is_the_paper_s(
    seed: int, batch: int, classes: int, temperature: float, weight: float
) -> None:
    student, teacher = draw(seed, batch, classes) * 3, draw(seed + 1, batch, classes) * 3
    targets = np.random.default_rng(seed).integers(0, classes, size=batch)
    hard = soft = 0.0
    for own, other, y in zip(student, teacher, targets, strict=True):
        hard -= math.log(softened(own, 1.0)[y]) / batch
        for q, p in zip(softened(own, temperature), softened(other, temperature), strict=True):
            soft += temperature**2 * p * math.log(p / q) / batch
    loss = Distillation(temperature=temperature, weight=weight)
    found = loss(*(torch.from_numpy(array) for array in (student, targets, teacher)))
    assert list(found) == ["loss", "hard", "soft"]
    assert float(found["hard"]) == pytest.approx(hard, rel=1e-9)
    assert float(found["soft"]) == pytest.approx(soft, rel=1e-9, abs=1e-12)
    assert float(found["loss"]) == pytest.approx((1 - weight) * hard + weight * soft, rel=1e-9, abs=1e-12)


def test_distillation_s_defaults() -> None:
    logits, targets, teacher = torch.from_numpy(draw(0, 4, 3)), torch.tensor([0, 1, 2, 0]), torch.zeros(4, 3)
    found = Distillation()(logits, targets, teacher.double())
    expected = Distillation(temperature=2.0, weight=0.5)(logits, targets, teacher.double())
    assert found == expected
    assert found["loss"] == (found["hard"] + found["soft"]) / 2


def test_at_high_temperature_distillation_matches_logits() -> None:
    """Hinton et al. 2015, equation 4: with logits of mean 0 the gradient tends to (z - v) / (N T²), here × T²."""
    student, teacher = draw(8, 1, 6), draw(9, 1, 6)
    student, teacher = student - student.mean(), teacher - teacher.mean()
    logits = torch.from_numpy(student).requires_grad_()
    loss = Distillation(temperature=1e5, weight=1.0)
    loss(logits, torch.tensor([0]), torch.from_numpy(teacher))["loss"].backward()
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), (student - teacher) / 6, rtol=1e-3)


def test_gradients_of_distillation_reach_the_student_only() -> None:
    logits = torch.from_numpy(draw(10, 4, 3)).requires_grad_()
    teacher = torch.from_numpy(draw(11, 4, 3)).requires_grad_()
    targets, loss = torch.tensor([0, 1, 2, 0]), Distillation(temperature=3.0, weight=0.7)
    assert gradcheck(lambda z: loss(z, targets, teacher)["loss"], logits)
    loss(logits, targets, teacher)["loss"].backward()
    assert teacher.grad is None and logits.grad is not None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_logits_are_finite(dtype: torch.dtype) -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 0.0, 1e4]], dtype=dtype, requires_grad=True)
    found = Distillation()(logits, torch.tensor([1, 1]), -logits)
    found["loss"].backward()
    assert all(part.isfinite() for part in found.values())
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_a_teacher_of_other_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4, 3\), the teacher's \(4, 1\)"):
        Distillation()(torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64), torch.zeros(4, 1))


@pytest.mark.parametrize(
    ("kind", "setting", "wrong"),
    [
        (SupervisedContrastive, "temperature", 0.0),
        (Distillation, "temperature", 0.0),
        (Distillation, "temperature", float("nan")),
        (Distillation, "weight", -0.1),
        (Distillation, "weight", 1.1),
    ],
)
def test_settings_that_are_wrong_are_named(kind: Any, setting: str, wrong: float) -> None:
    with pytest.raises(ValueError, match=f"^{setting} must be"):
        kind(**{setting: wrong})
