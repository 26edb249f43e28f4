"""A variant compared with itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from assay.statistics.noise import split_halves
from scipy import stats


def test_splits_agree_with_all_of_them_counted() -> None:
    values = np.random.default_rng(4).gamma(2, 1, 8)
    every = values[list(itertools.permutations(range(8)))]
    differences = every[:, :4] - every[:, 4:]
    rate = np.mean(stats.ttest_1samp(differences, 0, axis=1).pvalue <= 0.1)
    found = split_halves(values.tolist(), alpha=0.1, splits=40_000)
    assert found is not None and found.pairs == 4
    assert found.false_positive_rate == pytest.approx(rate, abs=4 * (rate * (1 - rate) / 40_000) ** 0.5)
    assert found.floor == pytest.approx(np.quantile(np.abs(differences.mean(axis=1)), 0.9), rel=0.01)


def test_normal_noise_gives_alpha_false_positives() -> None:
    generator = np.random.default_rng(1)
    rates = []
    for _ in range(300):
        found = split_halves(generator.normal(5, 2, 12).tolist(), splits=200)
        assert found is not None
        rates.append(found.false_positive_rate)
    assert np.mean(rates) == pytest.approx(0.05, abs=3 * np.std(rates) / 300**0.5)


def test_the_expected_floor_is_half_an_interval_of_two_arms() -> None:
    values = np.random.default_rng(2).normal(0, 1, 9)
    interval = stats.ttest_ind(values, values).confidence_interval(0.95)
    found = split_halves(values.tolist())
    assert found is not None
    assert found.expected == pytest.approx((interval.high - interval.low) / 2)
    assert found.pairs == 4, "of nine values, one is left out of each split"


@pytest.mark.parametrize("values", [[], [1.0], [1, 2, 3, 4, 5], [0.5] * 10])
def test_too_little_to_split(values: list[float]) -> None:
    assert split_halves(values) is None


def test_the_same_values_give_the_same_noise() -> None:
    values = np.random.default_rng(3).normal(0, 1, 12).tolist()
    assert split_halves(values) == split_halves(values) != split_halves(values, seed=1)
