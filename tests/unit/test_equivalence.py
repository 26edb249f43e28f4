"""TOST against statsmodels, and its interval against its p value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from assay.statistics.equivalence import Tost, tost
from assay.statistics.paired import Pairs, join, paired_t
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import ttost_paired


def pairs_of(variant: list[float], baseline: list[float]) -> Pairs:
    return join(dict(enumerate(baseline)), dict(enumerate(variant)))


@pytest.mark.parametrize("n", [2, 3, 10, 50])
@pytest.mark.parametrize("margin", [0.01, 0.5, 3.0])
def test_agrees_with_statsmodels(n: int, margin: float) -> None:
    generator = np.random.default_rng(n)
    for shift in (0.0, 0.3, -1.0):
        y = generator.normal(5, 2, n)
        x = y + generator.normal(shift, 0.5, n)
        found = tost(pairs_of(x.tolist(), y.tolist()), margin)
        expected = ttost_paired(x, y, -margin, margin)[0]
        assert found.p == pytest.approx(expected, rel=1e-7)
        low, high = paired_t(pairs_of(x.tolist(), y.tolist()), 0.1).ci_low, found.ci_high
        assert found.ci_low == low and high is not None


@given(
    st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=10),
    st.floats(0.1, 60),
    st.floats(0.001, 0.4),
    st.sampled_from([0.0, 0.25]),
)
def test_the_interval_is_within_the_margin_exactly_if_p_is_at_most_alpha(
    differences: list[float], margin: float, alpha: float, resampling: float
) -> None:
    found = tost(pairs_of(differences, [0.0] * len(differences)), margin, alpha, resampling)
    assume(found.p is not None and abs(found.p - alpha) > 1e-6)
    assert found.p is not None and found.ci_low is not None and found.ci_high is not None
    assert (found.p <= alpha) == (-margin <= found.ci_low and found.ci_high <= margin)


def test_a_correlated_design_shows_less() -> None:
    pairs = pairs_of([1.1, 2.0, 3.2, 3.9], [1.0, 2.0, 3.0, 4.0])
    alone, corrected = tost(pairs, 0.5), tost(pairs, 0.5, resampling=0.25)
    assert alone.p is not None and corrected.p is not None
    assert alone.p < corrected.p


@pytest.mark.parametrize(
    ("x", "y"), [([], []), ([1.0], [1.0]), ([1.0, 2.0], [1.0, 2.0]), ([1.1, 2.1], [1.0, 2.0])]
)
def test_without_variance_there_is_no_test(x: list[float], y: list[float]) -> None:
    assert tost(pairs_of(x, y), 5.0) == Tost(None, None, None)


def test_p_is_never_zero() -> None:
    found = tost(pairs_of([1e-9 * (n % 2) for n in range(2000)], [0.0] * 2000), 1e300)
    assert found.p is not None
    assert 0 < found.p < 1e-300


def test_impossible_questions() -> None:
    pairs = pairs_of([1.0, 3.0], [1.0, 2.0])
    for margin in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="margin: must be above 0, not"):
            tost(pairs, margin)
    with pytest.raises(ValueError, match=r"alpha: must lie between 0 and 0\.5, not 0\.5"):
        tost(pairs, 1.0, 0.5)
