"""The largest |t| under joint sign flips: by brute force, and by the false alarms that it lets through."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from assay.statistics.max_t import max_t
from assay.statistics.permutation import sign_flip
from scipy import stats


def of(rows: np.ndarray) -> list[dict[object, float]]:
    return [{seed: float(value) for seed, value in enumerate(row)} for row in rows]


def test_all_patterns_counted_by_hand() -> None:
    rows = np.random.default_rng(0).normal(0.4, 1, (4, 8))
    observed = np.abs(stats.ttest_1samp(rows, 0, axis=1).statistic)
    largest = [
        np.abs(stats.ttest_1samp(rows * signs, 0, axis=1).statistic).max()
        for signs in itertools.product((-1, 1), repeat=8)
    ]
    expected = [np.mean(np.array(largest) >= t - 1e-9) for t in observed]
    assert max_t(of(rows)) == pytest.approx(expected)


def test_one_comparison_is_the_sign_flip_test() -> None:
    row = np.random.default_rng(1).normal(0.6, 1, 11)
    assert max_t(of(row[None])) == [pytest.approx(sign_flip(row.tolist()).p)]
    assert max_t(of(np.array([row, row]))) == max_t(of(row[None])) * 2, "the same comparison twice is one"
    assert max_t([]) == []


def test_comparisons_may_lack_seeds() -> None:
    rows = np.random.default_rng(2).normal(0.5, 1, (2, 9))
    whole, lacking = of(rows)
    del lacking[3]
    alone = max_t([lacking])
    assert alone == [pytest.approx(sign_flip(list(lacking.values())).p)]
    both = max_t([whole, lacking])
    assert both[1] >= alone[0] and both == max_t([whole, dict(reversed(lacking.items()))])


@pytest.mark.parametrize("spread", [1e-2, 1e-4, 1e-6, 1e-8])
def test_no_p_value_is_below_what_the_patterns_allow(spread: float) -> None:
    """Differences that hardly vary: their own sum of squares is all but used up by their mean."""
    generator = np.random.default_rng(5)
    for _ in range(50):
        rows = 1 + spread * generator.normal(0, 1, (2, 8))
        assert min(max_t(of(rows))) >= 2 / 2**8


def test_beyond_sixteen_seeds_patterns_are_drawn() -> None:
    rows = np.random.default_rng(3).normal(0.3, 1, (3, 24))
    found = max_t(of(rows))
    assert found == max_t(of(rows)) != max_t(of(rows), seed=1)
    assert found == pytest.approx(max_t(of(rows), seed=1), abs=0.01)
    assert min(max_t(of(rows + 9))) == pytest.approx(1 / (1 + 2**16)), "never zero"


@pytest.mark.parametrize(("m", "n"), [(2, 5), (10, 6), (5, 10)])
def test_false_alarms_stay_at_alpha_with_few_seeds_too(m: int, n: int) -> None:
    """Arms that share a baseline and differ in noise: where a common variance would let through too many."""
    generator, trials, alarms = np.random.default_rng(m), 600, 0
    for _ in range(trials):
        arms = generator.normal(0, 1, (m + 1, n)) * np.linspace(1, 3, m + 1)[:, None]
        alarms += min(max_t(of(arms[1:] - arms[0]))) <= 0.1
    assert alarms / trials <= 0.1 + 3 * (0.09 / trials) ** 0.5
    assert alarms / trials >= 0.02, "and it can find something"
