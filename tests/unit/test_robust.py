"""Interquartile means against SciPy; the bootstrap against theory and its own promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from assay.statistics import robust
from assay.statistics.robust import (
    MIN_FOR_BOOTSTRAP,
    bootstrap_interval,
    interquartile_mean,
    interquartile_means,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@given(VALUES)
def test_interquartile_mean_agrees_with_scipy(values: list[float]) -> None:
    expected = stats.trim_mean(values, 0.25)
    assert interquartile_mean(values) == pytest.approx(expected, rel=1e-12, abs=1e-9)
    assert interquartile_means(np.array([values, values])) == pytest.approx(
        [expected] * 2, rel=1e-12, abs=1e-9
    )


def test_one_run_gone_astray_does_not_decide() -> None:
    assert interquartile_mean([0.8, 0.9, 1e9, 0.85]) == pytest.approx(0.875)
    assert interquartile_mean([0.5, 0.1, 0.2, 0.4, 0.3]) == pytest.approx(0.3)


def test_no_values_no_mean() -> None:
    assert (
        interquartile_mean([])
        is interquartile_mean([1.0, math.nan])
        is interquartile_mean([math.inf])
        is None
    )


def means(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return samples.mean(axis=1)


def test_bootstrap_of_a_mean_is_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    for alpha in (0.05, 0.32):
        found = bootstrap_interval(values.tolist(), means, alpha, seed=1, resamples=20_000)
        half_width = stats.norm.isf(alpha / 2) * values.std() / 20
        assert found == pytest.approx(
            (values.mean() - half_width, values.mean() + half_width), abs=0.1 * half_width
        )


def test_bootstrap_agrees_with_scipy() -> None:
    values = np.random.default_rng(3).gamma(2.0, size=25)
    expected = stats.bootstrap(
        (values,),
        lambda samples, axis: stats.trim_mean(samples, 0.25, axis=axis),
        vectorized=True,
        method="percentile",
        n_resamples=20_000,
        rng=0,
    ).confidence_interval
    found = bootstrap_interval(values.tolist(), interquartile_means, 0.05, 0, 20_000)
    assert found == pytest.approx((expected.low, expected.high), abs=0.05 * (expected.high - expected.low))


def test_the_seed_decides_the_interval_and_memory_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(size=20).tolist()
    one = bootstrap_interval(values, interquartile_means, 0.05, seed=7)
    assert one == bootstrap_interval(values, interquartile_means, 0.05, seed=7)
    assert one != bootstrap_interval(values, interquartile_means, 0.05, seed=8)
    monkeypatch.setattr(robust, "CHUNK", 999)
    assert one == bootstrap_interval(values, interquartile_means, 0.05, seed=7)


def test_too_few_values_for_a_bootstrap() -> None:
    values = [float(value) for value in range(MIN_FOR_BOOTSTRAP)]
    assert bootstrap_interval(values, interquartile_means, 0.05, 0) is not None
    assert bootstrap_interval(values[1:], interquartile_means, 0.05, 0) is None
    assert bootstrap_interval([*values, math.nan], interquartile_means, 0.05, 0) is None
    assert bootstrap_interval([2.0] * 10, interquartile_means, 0.05, 0) == (2.0, 2.0)


def test_impossible_questions() -> None:
    with pytest.raises(ValueError, match="alpha: must lie between 0 and 1, not 2"):
        bootstrap_interval([1.0] * 10, means, 2, 0)
    with pytest.raises(ValueError, match="resamples: must be at least 1, not 0"):
        bootstrap_interval([1.0] * 10, means, 0.05, 0, 0)
