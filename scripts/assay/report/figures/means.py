"""Means over seeds and their intervals, for figures of variants by themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import special

from assay.statistics.paired import mean, standard_deviation


def interval(
    values: Sequence[float], alpha: float, within: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[float, float] | None:
    """The interval of Student's t that covers the mean with probability 1 - alpha; None of one value.

    Args:
        within: what the quantity can be: the interval is cut there.
    """
    center, sd = mean(values), standard_deviation(values)
    if center is None or sd is None:
        return None
    half_width = student(len(values), alpha) * sd / math.sqrt(len(values))
    return max(within[0], center - half_width), min(within[1], center + half_width)


def student(n: int, alpha: float) -> float:
    """How many standard errors an interval of n values reaches to either side."""
    return -float(special.stdtrit(n - 1, alpha / 2))


def quartiles(values: Iterable[float]) -> tuple[float, float, float]:
    """First quartile, median and third, linear between the values (Hyndman and Fan 1996, type 7)."""
    low, median, high = np.quantile(list(values), [0.25, 0.5, 0.75]).tolist()
    return low, median, high
