"""How many seeds a study needs, against statsmodels and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from assay.results.planning import Demand, Spread, detectable, seeds_needed
from scipy import stats
from statsmodels.stats.power import TTestPower


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3])
def test_what_seeds_can_find_agrees_with_statsmodels(alpha: float) -> None:
    demand = Demand(alpha, 0.8)
    for n in (5, 10, 30):
        expected = TTestPower().solve_power(nobs=n, alpha=alpha, power=0.8)
        assert detectable(2.0, n, demand) == pytest.approx(2 * expected, rel=1e-4)
    needed = TTestPower().solve_power(effect_size=0.5 / 0.7, alpha=alpha, power=0.8)
    assert seeds_needed(0.7, 0.5, demand) == math.ceil(needed)
    assert seeds_needed(0.7, 100.0, demand) == 2 and seeds_needed(1.0, 1e-5, demand) is None


def test_seeds_that_split_the_data_have_a_floor() -> None:
    shared = Demand(0.05, 0.8, resampling=0.25)
    assert detectable(1.0, 12, shared) == pytest.approx(2 * detectable(1.0, 12, Demand(0.05, 0.8)))
    assert seeds_needed(1.0, 1.0, shared) is None, "0.5 * 2.8 is the floor"
    found = seeds_needed(1.0, 1.7, shared)
    assert found is not None and detectable(1.0, found, shared) <= 1.7 < detectable(1.0, found - 1, shared)


def test_the_upper_limit_covers_the_true_spread_in_four_of_five_pilots() -> None:
    pilots = np.random.default_rng(0).normal(0, 3, (4000, 5)).std(axis=1, ddof=1)
    covered = np.mean([Spread(float(sd), 5).high >= 3 for sd in pilots])
    assert covered == pytest.approx(0.8, abs=4 * (0.16 / 4000) ** 0.5)
    assert Spread(1.0, 5).high == pytest.approx(math.sqrt(4 / stats.chi2.ppf(0.2, 4)))
    assert Spread(1.0).high == 1.0, "what is stated is not estimated"
