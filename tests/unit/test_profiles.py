"""Performance profiles by counting, and their bands by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from assay.statistics.profiles import band, normalised, profile


def test_scores_go_from_the_worst_run_to_the_best() -> None:
    assert normalised([[2.0, 4.0], [3.0]], higher_is_better=True) == [[0.0, 1.0], [0.5]]
    assert normalised([[2.0, 4.0], [2.5]], higher_is_better=False) == [[1.0, 0.0], [0.75]]
    assert normalised([[2.0], [2.0, 2.0]], higher_is_better=True) == [[0.5], [0.5, 0.5]]
    assert normalised([[], []], higher_is_better=True) == [[], []]


def test_a_profile_counts_runs_and_weighs_data_sets_alike() -> None:
    scores = [[0.0, 0.5, 1.0, -math.inf], [0.6]]
    thresholds = [0.0, 0.5, 0.6, 0.99, 1.0]
    assert profile(scores, thresholds).tolist() == [0.75, 0.625, 0.125, 0.125, 0.0]


def test_the_mean_score_is_the_area_below_the_profile() -> None:
    scores = np.random.default_rng(0).uniform(size=(3, 7))
    thresholds = np.linspace(0, 1, 20_001)
    area = np.trapezoid(profile(scores.tolist(), thresholds.tolist()), thresholds)
    assert area == pytest.approx(scores.mean(), abs=1e-4)


def test_a_band_covers_the_share_of_all_runs_there_could_be() -> None:
    generator = np.random.default_rng(1)
    covered = []
    for _ in range(60):
        scores = generator.uniform(size=(6, 10)).tolist()  # the share above 0.3 is 0.7
        low, high = band(scores, [0.3], 0.95)
        assert low[0] <= profile(scores, [0.3])[0] <= high[0]
        covered.append(low[0] <= 0.7 <= high[0])
    assert np.mean(covered) > 0.85


def test_a_band_is_the_same_each_time_and_has_no_width_without_spread() -> None:
    low, high = band([[0.2, 0.8, 0.4]], [0.1, 0.3, 0.9], 0.95)
    again = band([[0.2, 0.8, 0.4]], [0.1, 0.3, 0.9], 0.95)
    assert (low.tolist(), high.tolist()) == (again[0].tolist(), again[1].tolist())
    assert (low[0], high[0], low[2], high[2]) == (1.0, 1.0, 0.0, 0.0)
    assert 0 <= low[1] < 2 / 3 < high[1] <= 1
