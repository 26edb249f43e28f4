"""The signed-rank test against brute force, SciPy, published numbers, and rounding."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from assay.statistics.wilcoxon import MOST_EXACT, SignedRank, signed_rank
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

ALTERNATIVES = ("two-sided", "greater", "less")
WHOLE = st.lists(st.integers(-6, 6), min_size=1, max_size=9).filter(any)


def brute_force(differences: list[int], alternative: str) -> SignedRank:
    """All signs of the ranks of whole numbers, which no rounding touches."""
    kept = [difference for difference in differences if difference]
    ranks = stats.rankdata(np.abs(kept))
    statistic = sum(rank for rank, difference in zip(ranks, kept, strict=True) if difference > 0)
    sums = [sum(itertools.compress(ranks, s)) for s in itertools.product((0, 1), repeat=len(kept))]
    at_least, at_most = (np.mean([side * s >= side * statistic for s in sums]) for side in (1, -1))
    p = {"two-sided": min(1.0, 2 * min(at_least, at_most)), "greater": at_least, "less": at_most}[alternative]
    return SignedRank(float(statistic), float(p), len(kept), "exact")


@given(WHOLE, st.sampled_from(ALTERNATIVES))
def test_exact_by_brute_force(differences: list[int], alternative: Any) -> None:
    found = signed_rank(differences, "exact", alternative)
    expected = brute_force(differences, alternative)
    assert (found.statistic, found.n, found.method) == (expected.statistic, expected.n, expected.method)
    assert found.p == pytest.approx(expected.p, rel=1e-12)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("n", [1, 2, 10, 60, 300])
def test_exact_without_ties_agrees_with_scipy(n: int, alternative: Any) -> None:
    differences = np.random.default_rng(n).normal(0.2, 1, n)
    expected = stats.wilcoxon(differences, method="exact", alternative=alternative)
    found = signed_rank(differences.tolist(), "exact", alternative)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    if alternative == "greater":
        assert found.statistic == expected.statistic


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("n", [2, 10, 60, 800])
def test_normal_agrees_with_scipy(n: int, alternative: Any) -> None:
    differences = np.random.default_rng(n).normal(0.4, 2, n).round()  # zeros and ties
    expected = stats.wilcoxon(
        differences, method="asymptotic", correction=True, alternative=alternative, zero_method="wilcox"
    )
    found = signed_rank(differences.tolist(), "normal", alternative)
    assert found.p == pytest.approx(min(1.0, expected.pvalue), rel=1e-9)
    assert found.n == np.count_nonzero(differences)


@given(WHOLE, st.sampled_from([0.1, 0.3, 1e-5, 1e6]), st.sampled_from([0.0, 0.1, 0.7, 100.3]))
def test_rounding_makes_no_difference(differences: list[int], unit: float, level: float) -> None:
    pairs = [(level * unit, level * unit + difference * unit) for difference in differences]
    assert signed_rank([variant - baseline for baseline, variant in pairs]) == signed_rank(differences)


def test_one_run_that_went_astray_hides_no_other() -> None:
    astray = signed_rank([-3e10, 0.1, 0.2, 0.30000000000000004, 0.3, 5e-17])
    assert astray == signed_rank([-9, 1, 2, 3, 3, 0])
    assert astray.n == 5


def test_the_most_that_n_differences_can_show() -> None:
    for n in (5, 100, MOST_EXACT):
        found = signed_rank([float(value) for value in range(1, n + 1)])
        assert found == SignedRank(n * (n + 1) / 2, 2 / 2**n, n, "exact")
    beyond = signed_rank([1.0] * 4000)
    assert beyond.method == "normal"
    assert beyond.p is not None
    assert 0 < beyond.p < 1e-300


@pytest.mark.parametrize("differences", [[], [0.0], [0.0] * 9, [1.0, math.nan], [-math.inf, 1.0]])
@pytest.mark.parametrize("method", ["exact", "normal"])
def test_where_there_is_no_test(differences: list[float], method: Any) -> None:
    assert signed_rank(differences, method) == SignedRank(None, None, 0, method)


def test_impossible_questions() -> None:
    with pytest.raises(ValueError, match="method: must be exact or normal, not 'auto'"):
        signed_rank([1.0], "auto")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alternative: must be one of"):
        signed_rank([1.0], "exact", "larger")  # type: ignore[arg-type]
