"""Power and planning against statsmodels, where it has numbers, and against their own inverses."""

from __future__ import annotations

import math
from typing import Any

import pytest
from assay.statistics.power import (
    MOST_SEEDS,
    detectable_effect,
    fractional_seeds,
    power,
    seeds_needed,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

SIDES: Any = pytest.mark.parametrize(
    ("alternative", "theirs"), [("two-sided", "two-sided"), ("greater", "larger"), ("less", "smaller")]
)


@SIDES
def test_agrees_with_statsmodels(alternative: Any, theirs: str) -> None:
    sign = -1 if alternative == "less" else 1
    compared = 0
    for n in (3, 5, 10, 30, 100):
        for effect in (0.0, 0.1, 0.5, 0.9):
            for alpha in (0.01, 0.05):
                expected = TTestPower().power(sign * effect, n, alpha, alternative=theirs)
                found = power(sign * effect, n, alpha, alternative)
                assert 0 < found <= 1
                if math.isfinite(expected):  # statsmodels gives NaN for large effects
                    assert found == pytest.approx(expected, abs=1e-9)
                    compared += 1
    assert compared > 30


@SIDES
def test_solutions_agree_with_statsmodels(alternative: Any, theirs: str) -> None:
    sign = -1 if alternative == "less" else 1
    for goal in (0.8, 0.95):
        n = TTestPower().solve_power(sign * 0.5, None, 0.05, goal, theirs)
        assert fractional_seeds(sign * 0.5, goal, 0.05, alternative) == pytest.approx(float(n), rel=1e-5)
        effect = TTestPower().solve_power(None, 20, 0.05, goal, theirs)
        assert detectable_effect(20, goal, 0.05, alternative) == pytest.approx(float(effect), rel=1e-5)


def test_power_without_an_effect_is_alpha() -> None:
    for n in (2, 3, 2.5, 1000):
        assert power(0.0, n, 0.05) == pytest.approx(0.05, rel=1e-9)
        assert power(0.0, n, 0.05, "greater") == pytest.approx(0.05, rel=1e-9)


def test_power_of_large_effects_is_a_number() -> None:
    assert 1 - 1e-9 < power(2, 20) < 1
    for effect in (5.0, 50.0, 1e6, -1e6):
        for n in (2, 10, 1000):
            assert 0.05 < power(effect, n) <= 1.0
    assert power(-5.0, 10, alternative="greater") == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 3000),
    st.floats(0.25, 0.99),
    st.floats(1e-4, 0.2),
    st.sampled_from(["two-sided", "greater", "less"]),
)
def test_the_three_answers_agree(n: int, goal: float, alpha: float, alternative: Any) -> None:
    effect = detectable_effect(n, goal, alpha, alternative)
    assert (effect < 0) == (alternative == "less")
    assert power(effect, n, alpha, alternative) == pytest.approx(goal, abs=1e-9)
    assert seeds_needed(effect, goal, alpha, alternative) == n
    if n > 2:
        assert power(effect, n - 1, alpha, alternative) < goal


def test_seeds_needed_is_the_smallest_number_that_does() -> None:
    for effect in (0.2, 0.37, 1.0, 3.0, 11.0):
        n = seeds_needed(effect, 0.8)
        assert n is not None
        assert power(effect, n) >= 0.8
        assert n == 2 or power(effect, n - 1) < 0.8
    assert seeds_needed(1e9) == 2


def test_where_no_number_of_seeds_does() -> None:
    assert seeds_needed(0.0) is seeds_needed(1e-6) is None
    assert seeds_needed(-1.0, alternative="greater") is seeds_needed(1.0, alternative="less") is None
    assert seeds_needed(-1.0) == seeds_needed(1.0)
    edge = detectable_effect(MOST_SEEDS)
    assert seeds_needed(edge * 1.001) is not None
    assert seeds_needed(edge * 0.999) is None


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: power(1.0, 1), "n: must be at least 2, not 1"),
        (lambda: power(math.nan, 5), "effect: must be finite, not nan"),
        (lambda: power(1.0, 5, 1.0), "alpha: must lie between 0 and 1, not 1.0"),
        (lambda: power(1.0, 5, 0.05, "larger"), "not 'larger'"),  # type: ignore[arg-type]
        (lambda: detectable_effect(1), "n: must be at least 2, not 1"),
        (lambda: detectable_effect(5, 0.05), r"power: must lie between alpha \(0.05\) and 1, not 0.05"),
        (lambda: seeds_needed(1.0, 1.0), "power: must lie"),
        (lambda: seeds_needed(math.inf), "effect: must be finite, not inf"),
    ],
)
def test_impossible_questions(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
