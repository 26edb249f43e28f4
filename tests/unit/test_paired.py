"""The paired t-test against SciPy, and what must hold for any two arms (published: test_worked_examples.py)."""

from __future__ import annotations

import math
from dataclasses import asdict
from random import Random
from typing import Any

import numpy as np
import pytest
from assay.statistics.paired import PairedTest, Seed, is_usable, join, mean, paired_t, standard_deviation
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

VALUES = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
ARMS = st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=12)
OF_THE_TEST = ("ci_low", "ci_high", "t", "df", "p", "d_z")


def run_test(x: list[float], y: list[float], alpha: float = 0.05, **options: Any) -> PairedTest:
    """The test of variant x against baseline y, seeds 0, 1, …"""
    return paired_t(join(dict(enumerate(y)), dict(enumerate(x))), alpha, **options)


@pytest.mark.parametrize(
    ("x", "y", "status"),
    [
        ([4.33, 4.39, 4.33, 4.39], [4.28, 4.34, 4.28, 4.34], "degenerate_zero_variance"),
        ([0.9, 0.91, 0.92], [0.9, 0.91, 0.92], "identical"),
        ([0.9], [0.8], "n_lt_2"),
    ],
)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_where_there_is_no_test(x: list[float], y: list[float], status: str, alternative: Any) -> None:
    found = run_test(x, y, alternative=alternative, resampling=0.25)
    assert found.status == status
    assert all(getattr(found, key) is None for key in OF_THE_TEST)
    assert found.mean_difference == pytest.approx(x[0] - y[0], abs=1e-12)


def test_differences_that_only_rounding_makes_differ_are_no_evidence() -> None:
    baseline = [0.1, 0.2, 0.3, 0.7, 0.8]
    variant = [value + 0.1 for value in baseline]
    assert len({v - b for b, v in zip(baseline, variant, strict=True)}) > 1  # SciPy: t = 1e15
    assert run_test(variant, baseline).status == "degenerate_zero_variance"
    assert run_test([value + 1e-9 * n for n, value in enumerate(variant)], baseline).status == "ok"


def test_no_pairs() -> None:
    found = paired_t(join({0: 1.0}, {1: 1.0}))
    assert (found.status, found.n) == ("n_lt_2", 0)
    assert {value for key, value in asdict(found).items() if key not in ("status", "n")} == {None}


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, 1e200])
def test_a_pair_needs_two_usable_values(value: float | None) -> None:
    assert not is_usable(value)
    whole: dict[Seed, float | None] = {0: 1.0, 1: 2.0, 2: 3.0}
    for pairs in (join(whole, whole | {1: value}), join(whole | {1: value}, whole)):
        assert pairs.seeds == (0, 2)
        assert pairs.unpaired == (1,)


def test_seeds_come_in_numerical_order_then_labels() -> None:
    arms: dict[Seed, float | None] = {"b": 1.0, 10: 2.0, "a": 3.0, 9: 4.0, -1: 5.0}
    assert join(arms, arms).seeds == (-1, 9, 10, "a", "b")


@pytest.mark.parametrize("n", [2, 3, 5, 10, 100])
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.2])
def test_agrees_with_scipy(n: int, alpha: float) -> None:
    generator = np.random.default_rng(n)
    for shift in (0.0, 0.1, 1.0, 30.0):
        y = generator.normal(0.9, 0.3, n)
        x = y + generator.normal(shift, 0.2, n)
        found = run_test(x.tolist(), y.tolist(), alpha)
        expected = stats.ttest_rel(x, y)
        interval = expected.confidence_interval(1 - alpha)
        assert found.t == pytest.approx(expected.statistic, rel=1e-9)
        assert found.p == pytest.approx(expected.pvalue, rel=1e-7)
        assert found.df == expected.df
        assert found.ci_low == pytest.approx(interval.low, rel=1e-9, abs=1e-12)
        assert found.ci_high == pytest.approx(interval.high, rel=1e-9, abs=1e-12)
        assert found.mean_baseline == pytest.approx(y.mean(), rel=1e-12)
        assert found.mean_variant == pytest.approx(x.mean(), rel=1e-12)
        assert found.sd_difference == pytest.approx(np.std(x - y, ddof=1), rel=1e-9)
        assert found.standard_error == pytest.approx(stats.sem(x - y), rel=1e-9)


@pytest.mark.parametrize("n", [2, 3, 10, 100])
@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_one_sided_agrees_with_scipy(n: int, alternative: Any) -> None:
    generator = np.random.default_rng(n)
    for shift in (0.0, 0.3, -1.0):
        y = generator.normal(0.9, 0.3, n)
        x = y + generator.normal(shift, 0.2, n)
        found = run_test(x.tolist(), y.tolist(), 0.01, alternative=alternative)
        expected = stats.ttest_rel(x, y, alternative=alternative)
        interval = expected.confidence_interval(0.99)
        assert found.p == pytest.approx(expected.pvalue, rel=1e-7)
        bounds = (-math.inf if found.ci_low is None else found.ci_low, found.ci_high or math.inf)
        assert bounds == pytest.approx((interval.low, interval.high), rel=1e-9)
        assert found.t == pytest.approx(expected.statistic, rel=1e-9)


def test_splits_that_share_data_widen_the_interval() -> None:
    # Nadeau and Bengio (2003): sd^2 (1 / n + n_test / n_train) in place of sd^2 / n.
    x, y = [0.91, 0.93, 0.95, 0.94, 0.90], [0.90, 0.91, 0.92, 0.93, 0.91]
    alone, corrected = run_test(x, y), run_test(x, y, resampling=0.25)
    differences = np.subtract(x, y)
    error = np.std(differences, ddof=1) * math.sqrt(1 / 5 + 0.25)
    assert corrected.standard_error == pytest.approx(error, rel=1e-12)
    assert corrected.t == pytest.approx(differences.mean() / error, rel=1e-12)
    assert corrected.p == pytest.approx(2 * stats.t.sf(abs(differences.mean() / error), 4), rel=1e-9)
    low, high = stats.t.interval(0.95, 4, differences.mean(), error)
    assert (corrected.ci_low, corrected.ci_high) == pytest.approx((low, high), rel=1e-9)
    same = ("d_z", "df", "sd_difference", "mean_difference", "status")
    assert all(getattr(alone, key) == getattr(corrected, key) for key in same)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"alpha": 0.0}, "alpha: must lie between 0 and 1, not 0.0"),
        ({"alpha": math.nan}, "alpha: must lie between 0 and 1, not nan"),
        ({"alternative": "larger"}, "alternative: must be one of two-sided, greater, less, not 'larger'"),
        ({"resampling": -0.1}, "resampling: must be a finite number of at least 0, not -0.1"),
        ({"resampling": math.inf}, "resampling: must be a finite number of at least 0, not inf"),
    ],
)
def test_impossible_questions(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as raised:
        run_test([1.0, 3.0], [0.0, 1.0], **options)
    assert str(raised.value) == text


def test_p_is_never_zero() -> None:
    found = run_test([1.0 + 1e-9 * (n % 2) for n in range(2000)], [0.0] * 2000)
    assert found.p is not None
    assert 0 < found.p < 1e-300
    found = run_test([1.0 + 1e-9 * (n % 2) for n in range(2000)], [0.0] * 2000, alternative="greater")
    assert found.p is not None
    assert 0 < found.p < 1e-300


def test_huge_values_do_not_overflow() -> None:
    found = run_test([1e150, -1e150, 1e149], [-1e150, 1e150, 0.0])
    assert found.status == "ok"
    assert all(math.isfinite(value) for value in asdict(found).values() if not isinstance(value, str))


def test_tiny_values_do_not_underflow() -> None:
    tiny, usual = run_test([3e-200, 1e-200, 2e-200], [0.0] * 3), run_test([3.0, 1.0, 2.0], [0.0] * 3)
    assert tiny.status == "ok"
    assert tiny.t == pytest.approx(usual.t, rel=1e-12)


@given(ARMS)
def test_swapping_the_arms_flips_the_sign(arms: list[tuple[float, float]]) -> None:
    x, y = [a for a, _ in arms], [b for _, b in arms]
    one, other = run_test(x, y), run_test(y, x)
    assert (one.status, one.p, one.df, one.sd_difference) == (
        *(other.status, other.p, other.df, other.sd_difference),
    )
    assert one.mean_difference == -other.mean_difference  # type: ignore[operator]
    assert (one.mean_baseline, one.mean_variant) == (other.mean_variant, other.mean_baseline)
    if one.status == "ok":
        assert (one.t, one.d_z) == (-other.t, -other.d_z)  # type: ignore[operator]
        assert (one.ci_low, one.ci_high) == (-other.ci_high, -other.ci_low)  # type: ignore[operator]


@given(ARMS, st.randoms())
def test_the_order_of_the_runs_makes_no_difference(arms: list[tuple[float, float]], random: Random) -> None:
    x, y = list(enumerate(a for a, _ in arms)), list(enumerate(b for _, b in arms))
    expected = paired_t(join(dict(y), dict(x)))
    random.shuffle(x)
    random.shuffle(y)
    assert paired_t(join(dict(y), dict(x))) == expected


@given(ARMS, st.randoms())
def test_which_seed_a_pair_has_makes_no_difference(arms: list[tuple[float, float]], random: Random) -> None:
    shuffled = list(arms)
    random.shuffle(shuffled)
    one = run_test([a for a, _ in arms], [b for _, b in arms])
    other = run_test([a for a, _ in shuffled], [b for _, b in shuffled])
    assert (one.status, one.mean_difference) == (other.status, other.mean_difference)
    if one.status == "ok":
        assert (one.t, one.p, one.d_z) == pytest.approx((other.t, other.p, other.d_z), rel=1e-9)


@given(ARMS, st.sampled_from([0.125, 2.0, 1024.0]))
def test_units_make_no_difference(arms: list[tuple[float, float]], scale: float) -> None:
    x, y = [a for a, _ in arms], [b for _, b in arms]
    one, scaled = run_test(x, y), run_test([scale * a for a in x], [scale * b for b in y])
    assert (one.status, one.n) == (scaled.status, scaled.n)
    if one.status == "ok":
        assert (one.t, one.p, one.d_z) == pytest.approx((scaled.t, scaled.p, scaled.d_z), rel=1e-9)
        assert scaled.ci_low == pytest.approx(scale * one.ci_low)  # type: ignore[operator]
        assert scaled.mean_difference == pytest.approx(scale * one.mean_difference)  # type: ignore[operator]


@given(ARMS, st.floats(0.001, 0.5))
def test_the_interval_excludes_zero_exactly_if_p_is_below_alpha(
    arms: list[tuple[float, float]], alpha: float
) -> None:
    found = run_test([a for a, _ in arms], [b for _, b in arms], alpha)
    assume(found.p is not None and abs(found.p - alpha) > 1e-6)
    assert found.p is not None and found.ci_low is not None and found.ci_high is not None
    assert (found.p < alpha) == (not found.ci_low <= 0 <= found.ci_high)


def test_mean_and_standard_deviation() -> None:
    assert mean([]) is None
    assert mean([0.1] * 10) == 0.1
    assert standard_deviation([1.0]) is None
    assert standard_deviation([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]) == pytest.approx(
        math.sqrt(32 / 7), rel=1e-15
    )
