"""Losses against formulas written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from assay.losses.cross_entropy import CrossEntropy
from assay.losses.focal import Focal

LOGITS = np.random.default_rng(0).normal(size=(20, 5)) * 3
TARGETS = np.random.default_rng(1).integers(0, 5, size=20)


def log_probabilities() -> np.ndarray:
    shifted = LOGITS - LOGITS.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def value(loss: torch.nn.Module) -> float:
    return float(loss(torch.from_numpy(LOGITS), torch.from_numpy(TARGETS)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_cross_entropy(smoothing: float) -> None:
    weights = np.full((20, 5), smoothing / 5)
    weights[np.arange(20), TARGETS] += 1 - smoothing
    expected = -(weights * log_probabilities()).sum(axis=1).mean()
    assert value(CrossEntropy(label_smoothing=smoothing)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal(gamma: float) -> None:
    chosen = log_probabilities()[np.arange(20), TARGETS]
    expected = -((1 - np.exp(chosen)) ** gamma * chosen).mean()
    assert value(Focal(gamma=gamma)) == pytest.approx(expected, rel=1e-12)


def test_focal_without_gamma_is_cross_entropy() -> None:
    assert value(Focal(gamma=0.0)) == pytest.approx(value(CrossEntropy()), rel=1e-12)
