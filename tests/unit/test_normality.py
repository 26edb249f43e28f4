"""The Shapiro-Wilk test against SciPy and its authors' example, and where there is none."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from assay.statistics.normality import shapiro_wilk
from scipy import stats

WEIGHTS = [148, 154, 158, 160, 161, 162, 166, 170, 182, 195, 236]
"""Weights of eleven men: W = 0.79, Shapiro and Wilk (1965), example 1."""


def test_agrees_with_scipy() -> None:
    assert shapiro_wilk(WEIGHTS) == pytest.approx(0.006704, abs=1e-6)  # R: shapiro.test, W = 0.78881
    for n in (3, 10, 200, 5000):
        values = np.random.default_rng(n).normal(1, 2, n)
        assert shapiro_wilk(values.tolist()) == pytest.approx(stats.shapiro(values).pvalue, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-200, 1e-25, -1.0, 1e149])
def test_units_make_no_difference(scale: float) -> None:
    scaled = [scale * weight for weight in WEIGHTS]
    assert shapiro_wilk(scaled) == pytest.approx(shapiro_wilk(WEIGHTS), rel=1e-6)


@pytest.mark.parametrize(
    "differences",
    [
        [],
        [1.0, 2.0],
        [0.0] * 10,
        [0.1] * 10,
        [0.3 - 0.2, 0.9 - 0.8, 0.1],  # equal but for rounding
        [1.0, 2.0, math.nan],
        [1.0, 2.0, math.inf],
        [float(value) for value in range(5001)],
    ],
)
def test_where_there_is_no_test(differences: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shapiro_wilk(differences) is None


def test_p_is_never_zero() -> None:
    p = shapiro_wilk([0.0] * 2499 + [1e9])
    assert p is not None
    assert 0 < p < 1e-30
