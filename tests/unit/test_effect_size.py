"""Effect sizes and their intervals, against the noncentral t by adaptive quadrature, a published example and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from assay.statistics.effect_size import (
    d_z_interval,
    hedges_g_av,
    probability_of_improvement,
    small_sample_correction,
)
from assay.statistics.noncentral_t import tails
from assay.statistics.paired import Pairs, join, paired_t
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

LAKENS = ([9, 7, 8, 9, 8, 9, 9, 10, 9, 9], [9, 6, 7, 8, 7, 9, 8, 8, 8, 7])
"""Ratings of two movies: table 1 of Lakens (2013)."""


def pairs_of(variant: list[float], baseline: list[float]) -> Pairs:
    return join(dict(enumerate(baseline)), dict(enumerate(variant)))


def noncentral_t(t: float, df: float, noncentrality: float) -> tuple[float, float]:
    """Both tails, integrated over the chi variable piece by piece, adaptively."""
    marks = {1 + k / math.sqrt(df) for k in (-10, -5, -2, 0, 2, 5, 10)}
    marks |= {(noncentrality + k) / t for k in (-9, -5, -2, 0, 2, 5, 9)}
    edges = sorted({min(max(mark, 0.0), 1 + 10 / math.sqrt(df)) for mark in marks})

    def integral(sign: int) -> float:
        def part(s: float) -> float:
            density = stats.chi._pdf(s * math.sqrt(df), df) * math.sqrt(df)
            return float(density * special.ndtr(sign * (t * s - noncentrality)))

        return sum(integrate.quad(part, *piece, epsabs=1e-15)[0] for piece in itertools.pairwise(edges))

    return integral(1), integral(-1)


@pytest.mark.parametrize("df", [1, 1.3, 4, 29.7, 999])
def test_noncentral_t_at_any_size(df: float) -> None:
    for t in (0.5, 4.0, 60.0, 1581.0):
        for noncentrality in (-1.0, 0.7 * t, t + 2):
            expected = noncentral_t(t, df, noncentrality)
            assert tails(t, df, noncentrality) == pytest.approx(expected, abs=1e-12)
            assert tails(-t, df, -noncentrality) == pytest.approx(expected[::-1], abs=1e-12)
    assert tails(0.0, df, 1.0) == pytest.approx((stats.norm.cdf(-1), stats.norm.sf(-1)), abs=1e-14)


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.2])
def test_at_the_limits_the_observed_effect_is_at_a_quantile(n: int, alpha: float) -> None:
    for d_z in (0.0, 0.1, 1.0, 8.0, 50.0):
        low, high = d_z_interval(d_z, n, alpha)
        assert low is not None and high is not None
        t, scale = d_z * math.sqrt(n), math.sqrt(n)
        assert low < d_z < high
        assert tails(t, n - 1, low * scale)[1] == pytest.approx(alpha / 2, abs=1e-9)
        assert tails(t, n - 1, high * scale)[0] == pytest.approx(alpha / 2, abs=1e-9)
        assert d_z_interval(-d_z, n, alpha) == pytest.approx((-high, -low), rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e12, 1e12), st.integers(2, 5000), st.floats(1e-4, 0.5))
def test_there_is_always_an_interval_about_the_effect(d_z: float, n: int, alpha: float) -> None:
    low, high = d_z_interval(d_z, n, alpha)
    assert low is not None and high is not None
    assert math.isfinite(low) and math.isfinite(high)
    assert low <= d_z <= high


def test_the_interval_excludes_zero_exactly_if_the_t_test_rejects() -> None:
    generator = np.random.default_rng(0)
    sides = set()
    for _ in range(100):
        found = paired_t(pairs_of(generator.normal(0.8, 1, 8).tolist(), [0.0] * 8))
        low, high = d_z_interval(found.d_z, 8)
        assert low is not None and high is not None and found.p is not None
        assert (found.p < 0.05) == (low > 0 or high < 0)
        sides.add(found.p < 0.05)
    assert sides == {True, False}


def test_no_effect_no_interval() -> None:
    assert d_z_interval(None, 10) == d_z_interval(1.0, 1) == d_z_interval(math.nan, 10) == (None, None)
    with pytest.raises(ValueError, match="alpha: must lie between 0 and 1, not 0"):
        d_z_interval(1.0, 10, 0)


def test_published_hedges_g_av() -> None:
    found = hedges_g_av(pairs_of(*LAKENS))
    assert found == pytest.approx(1.08, abs=0.005)
    sds = [np.std(arm, ddof=1) for arm in LAKENS]
    assert found == pytest.approx(1.0 / np.mean(sds) * small_sample_correction(18), rel=1e-12)
    assert hedges_g_av(pairs_of(*LAKENS[::-1])) == pytest.approx(-1 * found)  # type: ignore[operator]


def test_small_sample_correction_makes_unbiased() -> None:
    # E(1 / S) is 1 / J where S^2 is chi-squared / df: the mean of d = (mean / sd) is effect / J.
    for df in (2, 3, 9, 200):
        inverse = stats.chi(df).expect(lambda s, df=df: math.sqrt(df) / s, lb=1e-12, ub=60)
        assert small_sample_correction(df) == pytest.approx(1 / inverse, rel=1e-6)
    assert small_sample_correction(18) == pytest.approx(1 - 3 / (4 * 18 - 1), rel=2e-4)


def test_without_spread_or_pairs_no_hedges_g() -> None:
    assert hedges_g_av(pairs_of([], [])) is None
    assert hedges_g_av(pairs_of([1.0], [0.0])) is None
    assert hedges_g_av(pairs_of([0.1 + 0.2, 0.3], [0.2, 0.2])) is None
    # Arms that vary in the same way have no d_z, but a g_av.
    assert hedges_g_av(pairs_of([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])) == pytest.approx(
        small_sample_correction(4)
    )


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=8), st.lists(st.integers(0, 5), min_size=1, max_size=8)
)
def test_probability_of_improvement_by_brute_force(baseline: list[float], variant: list[float]) -> None:
    scores = [1.0 if v > b else 0.5 if v == b else 0.0 for v in variant for b in baseline]
    found = probability_of_improvement(baseline, variant)
    assert found == pytest.approx(np.mean(scores), rel=1e-12)
    assert probability_of_improvement(variant, baseline) == pytest.approx(1 - np.mean(scores), abs=1e-12)


def test_probability_of_improvement_favours_larger_values() -> None:
    assert probability_of_improvement([1.0, 2.0], [3.0, 4.0]) == 1.0
    assert probability_of_improvement([1.0, 2.0], []) is None
    assert probability_of_improvement([1.0, math.nan], [1.0]) is None
