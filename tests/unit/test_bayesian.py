"""The Bayesian t-test against SciPy's Student t, the frequentist test, and draws from the posterior."""

from __future__ import annotations

import math

import numpy as np
import pytest
from assay.statistics.bayesian import correlated_t
from assay.statistics.paired import Pairs, join, paired_t
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

DIFFERENCES = [1.0, 2.0, -0.5, 1.5, 0.3]


def pairs_of(differences: list[float]) -> Pairs:
    return join(dict.fromkeys(range(len(differences)), 0.0), dict(enumerate(differences)))


@pytest.mark.parametrize("correlation", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("rope", [0.0, 0.2, 3.0])
def test_agrees_with_scipy(rope: float, correlation: float) -> None:
    scale = np.std(DIFFERENCES, ddof=1) * math.sqrt(1 / 5 + correlation / (1 - correlation))
    posterior = stats.t(4, np.mean(DIFFERENCES), scale)
    found = correlated_t(pairs_of(DIFFERENCES), rope, correlation)
    assert found is not None
    assert found.left == pytest.approx(posterior.cdf(-rope), rel=1e-9)
    assert found.rope == pytest.approx(posterior.cdf(rope) - posterior.cdf(-rope), abs=1e-12)
    assert found.right == pytest.approx(posterior.sf(rope), rel=1e-9)


def test_agrees_with_draws_from_the_posterior() -> None:
    # A flat prior on the mean and 1 / variance on the variance: variance first, then the mean given it.
    generator, n, size = np.random.default_rng(0), len(DIFFERENCES), 200_000
    variance = (n - 1) * np.var(DIFFERENCES, ddof=1) / generator.chisquare(n - 1, size)
    drawn = generator.normal(np.mean(DIFFERENCES), np.sqrt(variance / n))
    found = correlated_t(pairs_of(DIFFERENCES), 0.4)
    assert found is not None
    assert found.left == pytest.approx(np.mean(drawn < -0.4), abs=0.005)
    assert found.rope == pytest.approx(np.mean(np.abs(drawn) <= 0.4), abs=0.005)
    assert found.right == pytest.approx(np.mean(drawn > 0.4), abs=0.005)


@given(st.lists(st.integers(-20, 20).map(float), min_size=2, max_size=9), st.floats(0, 10), st.floats(0, 0.9))
def test_laws(differences: list[float], rope: float, correlation: float) -> None:
    found = correlated_t(pairs_of(differences), rope, correlation)
    assume(found is not None)
    mirrored = correlated_t(pairs_of([-difference for difference in differences]), rope, correlation)
    assert found is not None and mirrored is not None
    assert found.left + found.rope + found.right == pytest.approx(1, abs=1e-12)
    assert min(found.left, found.rope, found.right) >= 0
    assert (mirrored.left, mirrored.right) == (found.right, found.left)
    # Without a region, the posterior and the one-sided p value are the same number.
    whole = correlated_t(pairs_of(differences), 0.0, correlation)
    resampling = correlation / (1 - correlation)
    p = paired_t(pairs_of(differences), alternative="greater", resampling=resampling).p
    assert whole is not None and whole.left == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize("differences", [[], [1.0], [0.0, 0.0], [0.1, 0.1, 0.1]])
def test_without_variance_there_is_no_posterior(differences: list[float]) -> None:
    assert correlated_t(pairs_of(differences), 0.1) is None


def test_impossible_questions() -> None:
    for rope in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="rope: must be a finite number of at least 0"):
            correlated_t(pairs_of(DIFFERENCES), rope)
    for correlation in (-0.1, 1.0, math.nan):
        with pytest.raises(ValueError, match="correlation: must be at least 0 and below 1"):
            correlated_t(pairs_of(DIFFERENCES), 0.1, correlation)
