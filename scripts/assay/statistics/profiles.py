"""Performance profiles: which share of a variant's runs, over all data sets, scores above each threshold.

They show whole distributions where a mean shows one number: a profile that lies above another everywhere
is stochastically better.

Source: R. Agarwal and others (2021), Deep reinforcement learning at the edge of the statistical precipice,
NeurIPS 34, section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RESAMPLES = 2000
SEED = 2021


def normalised(runs: Sequence[Sequence[float]], higher_is_better: bool) -> list[list[float]]:
    """Scores of one data set from 0, its worst run of all variants, to 1, its best one.

    Args:
        runs: the runs' values, a list a variant.
        higher_is_better: which way a value is better.

    Returns:
        The same lists; all 0.5 where all runs are equal.
    """
    every = [value for values in runs for value in values]
    if not every or min(every) == max(every):
        return [[0.5] * len(values) for values in runs]
    worst, best = min(every), max(every)
    if not higher_is_better:
        worst, best = best, worst
    return [[(value - worst) / (best - worst) for value in values] for values in runs]


def profile(scores: Sequence[Sequence[float]], thresholds: Sequence[float]) -> Array:
    """The share of runs above each threshold; every data set counts the same, however many runs it has.

    Args:
        scores: one variant's: a list of runs a data set, none of them empty. A run without a result has
            the score minus infinity: it is above nothing.
        thresholds: T of them.

    Returns:
        T shares.
    """
    found: Array = np.mean([_above(runs, thresholds).mean(axis=0) for runs in scores], axis=0)
    return found


def band(scores: Sequence[Sequence[float]], thresholds: Sequence[float], level: float) -> tuple[Array, Array]:
    """A pointwise percentile interval of a profile: other runs could have come on the same data sets.

    Runs are drawn anew within each data set, with replacement, with a fixed seed.

    Args:
        scores: as for `profile`.
        thresholds: T of them.
        level: of the interval, such as 0.95.

    Returns:
        T lower and T upper ends.
    """
    generator = np.random.default_rng(SEED)
    drawn = np.zeros((RESAMPLES, len(thresholds)))
    for runs in scores:
        counts = generator.multinomial(len(runs), [1 / len(runs)] * len(runs), size=RESAMPLES)
        drawn += counts @ _above(runs, thresholds) / (len(runs) * len(scores))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _above(runs: Sequence[float], thresholds: Sequence[float]) -> Array:
    """Runs x thresholds, 1 where the run is above."""
    found: Array = (np.array(runs)[:, None] > np.array(thresholds)).astype(float)
    return found
