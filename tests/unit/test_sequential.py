"""Group-sequential levels against published boundaries, another integral, and simulation."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from assay.errors import UserError
from assay.statistics.sequential import SPENDING, interval_level, nominal_levels, sequential_p
from scipy import stats

LOOKS = [5, 10, 20]


def boundaries(looks: list[int], alpha: float, spending: str) -> np.ndarray:
    found: np.ndarray = stats.norm.isf(np.array(nominal_levels(looks, alpha, spending)) / 2)
    return found


def crossing(looks: list[int], limits: np.ndarray) -> float:
    """The chance that any |z| of the looks is above its limit, as one integral over all of them."""
    times = np.array(looks, dtype=float)
    shape = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    normal = stats.multivariate_normal(cov=shape)
    return float(1 - normal.cdf(limits, lower_limit=-limits, rng=np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("spending", "published"),  # D. M. Reboussin and others (2000), Controlled Clinical Trials 21, 190-207
    [
        ("obrien_fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ("pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_published_boundaries(spending: str, published: list[float]) -> None:
    np.testing.assert_allclose(boundaries([1, 2, 3, 4, 5], 0.05, spending), published, atol=5e-4)
    assert nominal_levels([20, 40], 0.05, spending) == nominal_levels([1, 2], 0.05, spending)


@pytest.mark.parametrize("spending", SPENDING)
@pytest.mark.parametrize("looks", [[5, 10, 20], [3, 30], [2, 3, 4, 50]])
def test_the_looks_together_spend_alpha(spending: str, looks: list[int]) -> None:
    for alpha in (0.01, 0.2):
        limits = boundaries(looks, alpha, spending)
        assert crossing(looks, limits) == pytest.approx(alpha, rel=3e-3)
        for count in range(1, len(looks)):
            spent = SPENDING[spending](looks[count - 1] / looks[-1], alpha)
            found = crossing(looks[:count], limits[:count])
            assert found == pytest.approx(spent, rel=3e-3, abs=2e-5)


@pytest.mark.parametrize("spending", SPENDING)
def test_false_alarms_of_the_whole_procedure(spending: str) -> None:
    runs, alpha = 100_000, 0.05
    differences = np.random.default_rng(0).normal(size=(runs, LOOKS[-1]))
    levels = nominal_levels(LOOKS, alpha, spending)
    alarms, naive = np.zeros((2, runs), dtype=bool)
    for look, (n, level) in enumerate(zip(LOOKS, levels, strict=True), 1):
        p = 2 * stats.norm.sf(np.abs(differences[:, :n].sum(axis=1)) / np.sqrt(n))
        alarms |= p <= level
        naive |= p <= alpha
        for value in p[:3]:
            assert (value <= level) == (sequential_p(float(value), look, LOOKS, spending) <= alpha)
    assert alarms.mean() == pytest.approx(alpha, abs=4 * np.sqrt(alpha / runs))
    assert naive.mean() > 0.1, "looking again and again without a plan"


@pytest.mark.parametrize("spending", SPENDING)
def test_sequential_p_is_the_alpha_at_which_the_boundary_meets_p(spending: str) -> None:
    for look in (1, 2, 3):
        before = 0.0
        for p in (1e-12, 1e-3, 0.04, 0.3, 0.9, 1.0):
            alpha = sequential_p(p, look, LOOKS, spending)
            assert max(p, before) <= alpha <= 1
            if alpha < 1:
                assert nominal_levels(LOOKS, alpha, spending)[look - 1] == pytest.approx(p, rel=1e-6)
                assert interval_level(look, LOOKS, alpha, spending) == pytest.approx(p, rel=1e-6)
            before = alpha


@pytest.mark.parametrize("spending", SPENDING)
def test_one_look_is_the_plain_test(spending: str) -> None:
    assert nominal_levels([10], 0.05, spending) == pytest.approx([0.05], rel=1e-12)
    assert interval_level(1, [10], 0.05, spending) == pytest.approx(0.05, rel=1e-12)
    assert sequential_p(0.0123, 1, [10], spending) == 0.0123


def test_many_looks_and_far_ones() -> None:
    every = list(range(2, 42))
    limits = boundaries(every, 0.05, "pocock")
    assert crossing(every[:6], limits[:6]) == pytest.approx(SPENDING["pocock"](7 / 41, 0.05), rel=5e-3)
    early = nominal_levels([1, 1000], 0.05, "obrien_fleming")
    assert 0 < early[0] < 1e-200 and early[1] == pytest.approx(0.05, rel=1e-9)


def test_it_takes_milliseconds() -> None:
    start = time.process_time()
    for p in (0.001, 0.01, 0.02, 0.03, 0.04):
        sequential_p(p, 3, LOOKS, "obrien_fleming")
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([5, 10], 0.05, "pocok"), "spending: 'pocok' is not known; did you mean 'pocock'?"),
        (([5, 5], 0.05, "pocock"), "looks: must be growing numbers of seeds, not [5, 5]"),
        (([], 0.05, "pocock"), "looks: must be growing numbers of seeds, not []"),
        (([5, 10], 1.0, "pocock"), "alpha: must lie between 0 and 1, not 1.0"),
    ],
)
def test_a_wrong_plan_is_named(arguments: tuple[list[int], float, str], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        nominal_levels(*arguments)
    with pytest.raises(UserError, match="look: must be from 1 to 3, not 4"):
        sequential_p(0.01, 4, LOOKS, "pocock")
