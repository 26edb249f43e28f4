"""The sign-flip test against brute force over all signs, SciPy, and what must hold for any differences."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from assay.statistics.permutation import SignFlip, sign_flip
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

ALTERNATIVES = ("two-sided", "greater", "less")
DECIMALS = st.integers(-30, 30).map(lambda value: value / 100)


def brute_force(differences: list[float], alternative: str) -> float:
    """The share of sign patterns that are as extreme, in exact arithmetic on two decimals."""
    exact = [Fraction(round(difference * 100)) for difference in differences]
    observed, extreme = sum(exact), 0
    for signs in itertools.product((1, -1), repeat=len(exact)):
        total = sum(sign * value for sign, value in zip(signs, exact, strict=True))
        if alternative == "two-sided":
            extreme += abs(total) >= abs(observed)
        else:
            extreme += total >= observed if alternative == "greater" else total <= observed
    return extreme / 2 ** len(exact)


@given(st.lists(DECIMALS, min_size=1, max_size=8).filter(any), st.sampled_from(ALTERNATIVES))
def test_exact_by_brute_force(differences: list[float], alternative: Any) -> None:
    expected = SignFlip(brute_force(differences, alternative), 2 ** len(differences), True)
    assert sign_flip(differences, alternative=alternative) == expected


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_exact_agrees_with_scipy(alternative: Any) -> None:
    for n in (2, 7, 12):
        differences = np.random.default_rng(n).normal(0.3, 1, n)
        expected = stats.permutation_test(
            (differences,), np.sum, permutation_type="samples", alternative=alternative, n_resamples=math.inf
        )
        assert sign_flip(differences.tolist(), alternative=alternative).p == pytest.approx(
            expected.pvalue, rel=1e-12
        )


def test_equal_sums_are_extreme_whatever_their_rounding() -> None:
    differences = [0.1, 0.2, 0.3, -0.6, 0.7 - 0.4, 0.9 - 0.6]  # sums of 0.6 in several ways
    assert sign_flip(differences).p == brute_force([0.1, 0.2, 0.3, -0.6, 0.3, 0.3], "two-sided")
    # One run that went astray does not make the others look like rounding.
    astray = sign_flip([1e11, 1.0, 1.0, 1.0, 1.0])
    assert astray.p == 2 / 32


def test_exact_up_to_twenty_sampled_beyond() -> None:
    differences = [1.0] * 20
    assert sign_flip(differences) == SignFlip(2 / 2**20, 2**20, True)
    assert sign_flip(differences, alternative="less").p == 1.0
    sampled = sign_flip([*differences, 1.0])
    assert (sampled.patterns, sampled.exact) == (2**20, False)
    assert sampled.p is not None
    assert sampled.p <= 10 / 2**20
    assert sign_flip([1.0] * 40, patterns=2**40) == SignFlip(2 / 2**40, 2**40, True)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_sampling_agrees_with_counting(alternative: Any) -> None:
    for n in (9, 17, 20):
        differences = np.random.default_rng(n).normal(0.2, 1, n).tolist()
        exact = sign_flip(differences, alternative=alternative).p
        sampled = sign_flip(differences, patterns=100_000 if n > 17 else 2**n - 1, alternative=alternative)
        assert exact is not None and sampled.p is not None and not sampled.exact
        error = math.sqrt(exact * (1 - exact) / sampled.patterns)
        assert abs(sampled.p - exact) < 4 * error + 1 / sampled.patterns


def test_the_seed_decides_the_sample() -> None:
    differences = np.random.default_rng(0).normal(0.2, 1, 30).tolist()
    one = sign_flip(differences, patterns=5000, seed=1)
    assert one == sign_flip(differences, patterns=5000, seed=1)
    assert one.p != sign_flip(differences, patterns=5000, seed=2).p
    assert one == sign_flip([-difference for difference in differences], patterns=5000, seed=1)
    assert one.p is not None
    assert one.p * 5001 == pytest.approx(round(one.p * 5001), abs=1e-9)  # (1 + count) / (1 + patterns)


def test_a_sampled_p_value_is_never_zero() -> None:
    assert sign_flip([1.0] * 200, patterns=1000).p == 1 / 1001
    assert sign_flip([1.0] * 200, patterns=1000, alternative="less").p == 1.0


@pytest.mark.parametrize("differences", [[], [0.0], [0.0] * 30, [1.0, math.nan], [math.inf]])
def test_where_there_is_no_test(differences: list[float]) -> None:
    assert sign_flip(differences).p is None


def test_impossible_questions() -> None:
    with pytest.raises(ValueError, match="one of two-sided, greater, less, not 'larger'"):
        sign_flip([1.0], alternative="larger")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="patterns: must be at least 1, not 0"):
        sign_flip([1.0], patterns=0)
