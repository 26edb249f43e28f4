"""What each test promises, on simulated studies: rates of false positives, and coverage of intervals.

Seeds are fixed. A rate may be off by four Monte-Carlo standard errors; where a test is discrete, what it
promises is at most alpha, and its exact rate is known.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from assay.statistics.effect_size import d_z_interval
from assay.statistics.equivalence import tost
from assay.statistics.paired import Pairs, join, paired_t
from assay.statistics.permutation import sign_flip
from assay.statistics.power import power
from assay.statistics.robust import bootstrap_interval, interquartile_means
from assay.statistics.wilcoxon import signed_rank
from numpy.typing import NDArray

ALPHA = 0.05
STUDIES = 3000


def studies(seed: int, n: int, effect: float = 0.0, count: int = STUDIES) -> NDArray[np.float64]:
    """Differences of simulated studies, a row each, with a standard deviation of 1."""
    return np.random.default_rng(seed).normal(effect, 1, (count, n))


def pairs_of(differences: NDArray[np.float64]) -> Pairs:
    return join(dict.fromkeys(range(len(differences)), 0.0), dict(enumerate(differences.tolist())))


def assert_rate(happened: list[bool], expected: float) -> None:
    error = math.sqrt(expected * (1 - expected) / len(happened))
    assert abs(np.mean(happened) - expected) <= 4 * error


@pytest.mark.parametrize(
    ("n", "alternative"), [(2, "two-sided"), (5, "greater"), (10, "two-sided"), (20, "less")]
)
def test_paired_t(n: int, alternative: Any) -> None:
    tests = [paired_t(pairs_of(row), ALPHA, alternative) for row in studies(n, n)]
    assert_rate([test.p is not None and test.p <= ALPHA for test in tests], ALPHA)
    covered = [
        (test.ci_low is None or test.ci_low <= 0) and (test.ci_high is None or test.ci_high >= 0)
        for test in tests
    ]
    assert_rate(covered, 1 - ALPHA)


def test_paired_t_finds_what_its_power_says() -> None:
    tests = [paired_t(pairs_of(row), ALPHA) for row in studies(1, 10, effect=0.8)]
    assert_rate([test.p is not None and test.p <= ALPHA for test in tests], power(0.8, 10, ALPHA))


@pytest.mark.parametrize("n", [5, 8, 14])
def test_sign_flip(n: int) -> None:
    # Without ties, p takes the values 2k / 2^n, each as often as the others.
    p = [sign_flip(row.tolist()).p for row in studies(n, n)]
    assert_rate(
        [value is not None and value <= ALPHA for value in p], math.floor(ALPHA * 2**n / 2) * 2 / 2**n
    )


def test_sampled_sign_flip() -> None:
    p = [sign_flip(row.tolist(), patterns=999).p for row in studies(30, 30)]
    assert_rate([value is not None and value <= ALPHA for value in p], ALPHA)


@pytest.mark.parametrize(("method", "n"), [("exact", 6), ("exact", 12), ("normal", 40)])
def test_wilcoxon(method: Any, n: int) -> None:
    tests = [signed_rank(row.tolist(), method) for row in studies(n, n)]
    attainable = max((test.p for test in tests if test.p is not None and test.p <= ALPHA), default=0.0)
    # An exact p value is at most x with probability x, for every x that it can take.
    assert_rate([test.p is not None and test.p <= ALPHA for test in tests], ALPHA if n == 40 else attainable)


@pytest.mark.parametrize("n", [6, 15])
def test_tost_at_the_margin(n: int) -> None:
    # The true difference equals the margin, which is the hardest case that is not equivalent.
    margin = 3.0
    tests = [tost(pairs_of(row), margin, ALPHA) for row in studies(n, n, effect=margin)]
    assert_rate([test.p is not None and test.p <= ALPHA for test in tests], ALPHA)
    covered = [test.ci_low is not None and test.ci_high is not None and test.ci_low <= margin <= test.ci_high
               for test in tests]  # fmt: skip
    assert_rate(covered, 1 - 2 * ALPHA)


@pytest.mark.parametrize(("n", "effect"), [(3, 0.0), (5, 2.0), (20, -0.7)])
def test_d_z_interval_covers(n: int, effect: float) -> None:
    covered = []
    for row in studies(n, n, effect, count=500):
        low, high = d_z_interval(row.mean() / row.std(ddof=1), n, 0.1)
        covered.append(low is not None and high is not None and low <= effect <= high)
    assert_rate(covered, 0.9)


def test_splits_that_share_data() -> None:
    # Differences of new splits of one data set are correlated by the test split's share; without a
    # correction, such a study finds what is not there in a quarter of the cases.
    n, share = 10, 0.2
    generator = np.random.default_rng(5)
    rows = math.sqrt(share) * generator.normal(size=(STUDIES, 1))
    rows = rows + math.sqrt(1 - share) * generator.normal(size=(STUDIES, n))
    naive = [paired_t(pairs_of(row)).p for row in rows]
    assert np.mean([p is not None and p <= ALPHA for p in naive]) > 0.2
    corrected = [paired_t(pairs_of(row), resampling=share / (1 - share)).p for row in rows]
    assert_rate([p is not None and p <= ALPHA for p in corrected], ALPHA)


def test_bootstrap_covers_roughly() -> None:
    covered = []
    for seed, row in enumerate(studies(9, 30, count=400)):
        interval = bootstrap_interval(row.tolist(), interquartile_means, 0.1, seed, resamples=500)
        covered.append(interval is not None and interval[0] <= 0 <= interval[1])
    assert 0.82 < np.mean(covered) < 0.94
