"""Summaries that one run gone astray does not decide, and intervals without a distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from assay.statistics.alternative import require_level

MIN_FOR_BOOTSTRAP = 10
"""With fewer values a percentile bootstrap covers clearly less than it claims."""
CHUNK = 2**20
"""Resampled values that are in memory at a time."""

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From samples, one a row, to one number a row."""


def interquartile_mean(values: Sequence[float]) -> float | None:
    """The mean of the middle half: of the n values, the n // 4 smallest and largest are left out.

    Source: R. Agarwal et al. (2021), Deep reinforcement learning at the edge of the statistical
    precipice, NeurIPS 34, section 4.3 (runs and tasks in one list).

    Args:
        values: n values.

    Returns:
        In units of the values; None without values, or where any is not finite.
    """
    if not values or not all(map(math.isfinite, values)):
        return None
    ordered, cut = sorted(values), len(values) // 4
    middle = ordered[cut : len(ordered) - cut]
    return math.fsum(middle) / len(middle)


def interquartile_means(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The interquartile mean of each sample, to bootstrap with.

    Args:
        samples: of shape (samples, n), with n of at least 1.

    Returns:
        Of shape (samples,).
    """
    cut = samples.shape[1] // 4
    middle: NDArray[np.float64] = np.sort(samples, axis=1)[:, cut : samples.shape[1] - cut]
    return np.asarray(middle.mean(axis=1))


def bootstrap_interval(
    values: Sequence[float], statistic: Statistic, alpha: float = 0.05, seed: int = 0, resamples: int = 2000
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of a statistic.

    Source: B. Efron and R. J. Tibshirani (1993), An introduction to the bootstrap, section 13.3.

    Args:
        values: n values, one a run.
        statistic: of samples, one a row; such as `interquartile_means`.
        alpha: the interval covers the statistic of the population with probability about 1 - alpha.
        seed: of the generator (PCG64); the same seed gives the same interval.
        resamples: how many samples of n are drawn, with replacement.

    Returns:
        Lower and upper limit; None for fewer than MIN_FOR_BOOTSTRAP values, or where any is not finite.

    Raises:
        ValueError: alpha does not lie between 0 and 1, or there are no resamples.
    """
    require_level(alpha)
    if resamples < 1:
        raise ValueError(f"resamples: must be at least 1, not {resamples}")
    n = len(values)
    if n < MIN_FOR_BOOTSTRAP or not all(map(math.isfinite, values)):
        return None
    generator = np.random.Generator(np.random.PCG64(seed))
    data, rows = np.asarray(values, dtype=np.float64), max(1, CHUNK // n)
    found = [
        statistic(data[generator.integers(n, size=(min(rows, resamples - start), n))])
        for start in range(0, resamples, rows)
    ]
    low, high = np.quantile(np.concatenate(found), [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)
