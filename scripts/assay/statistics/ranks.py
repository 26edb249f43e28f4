"""Several variants on several data sets: ranks on each, their averages, and which of them differ.

Scores are a table: a row a data set, a column a variant, each the mean of its runs. Rank 1 is the best.

Source of the whole procedure: J. Demšar (2006), Statistical comparisons of classifiers over multiple data
sets, Journal of Machine Learning Research 7, 1-30.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from assay.statistics.multiplicity import holm
from assay.statistics.paired import NO_SPREAD

Array = NDArray[np.float64]
Scores = Sequence[Sequence[float]]


def ranks(scores: Scores, higher_is_better: bool) -> Array:
    """The rank of each variant on each data set, 1 the best; those that tie share the mean of their ranks.

    Values that differ by rounding alone tie.

    Args:
        scores: N data sets x k variants, all finite.
        higher_is_better: which way a score is better.

    Returns:
        N x k.
    """
    table = np.array(scores, dtype=float)
    found = np.empty_like(table)
    for row, values in enumerate(-table if higher_is_better else table):
        order = np.argsort(values, kind="stable")
        gaps = np.diff(values[order]) > NO_SPREAD * np.abs(values).max(initial=0.0)
        group = np.concatenate([[0], np.cumsum(gaps)])
        for number in range(group[-1] + 1):
            places = np.flatnonzero(group == number)
            found[row, order[places]] = places.mean() + 1
    return found


def average_ranks(scores: Scores, higher_is_better: bool) -> list[float]:
    """The mean over data sets of each variant's rank; arguments as of `ranks`."""
    return [float(value) for value in ranks(scores, higher_is_better).mean(axis=0)]


def standard_error(n: int, k: int) -> float:
    """Of the difference of two average ranks, of k variants on n data sets, if no variant differs."""
    return math.sqrt(k * (k + 1) / (6 * n))


def nemenyi(averages: Sequence[float], n: int) -> list[list[float]]:
    """P values of all pairs: that of the studentized range, so for all pairs at once.

    Source: P. B. Nemenyi (1963), Distribution-free multiple comparisons, Princeton; Demšar (2006), 3.2.2.

    Args:
        averages: k average ranks.
        n: over so many data sets.

    Returns:
        k x k, 1 on the diagonal.
    """
    scale = math.sqrt(2) / standard_error(n, len(averages))
    return [[_range_exceeds(scale * abs(a - b), len(averages)) for b in averages] for a in averages]


def critical_difference(n: int, k: int, alpha: float) -> float:
    """Average ranks that differ by at least this differ significantly by Nemenyi's test.

    Args:
        n: number of data sets.
        k: number of variants.
        alpha: the chance that any pair differs so if none differs.
    """
    quantile = optimize.brentq(lambda q: _range_exceeds(q, k) - alpha, 0.0, 60.0, xtol=1e-10)
    return float(quantile) / math.sqrt(2) * standard_error(n, k)


def against_control(averages: Sequence[float], n: int, control: int) -> list[tuple[float, float, float]]:
    """Each other variant against one: z, its two-sided p value, and that after Holm.

    Source: Demšar (2006), section 3.2.2.

    Args:
        averages: k average ranks.
        n: over so many data sets.
        control: the place of the one in `averages`.

    Returns:
        k - 1 triples, in the order of the others. z is positive where the control has the worse rank.
    """
    others = [value for place, value in enumerate(averages) if place != control]
    tests = [z_test(averages[control] - value, n, len(averages)) for value in others]
    return [(*test, adjusted) for test, adjusted in zip(tests, holm([p for _, p in tests]), strict=True)]


def z_test(difference: float, n: int, k: int) -> tuple[float, float]:
    """z and the two-sided p value of a difference of two average ranks, of k variants on n data sets."""
    z = difference / standard_error(n, k)
    return z, max(2 * float(special.ndtr(-abs(z))), sys.float_info.min)


def sign_test(wins: int, losses: int) -> float | None:
    """The exact two-sided p value of so many wins; None if there is neither a win nor a loss.

    Source: Demšar (2006), section 3.1.4; data sets on which two variants tie say nothing.
    """
    n = wins + losses
    return min(1.0, 2 * float(special.bdtr(min(wins, losses), n, 0.5))) if n else None


def groups(averages: Sequence[float], distance: float) -> list[list[int]]:
    """The largest sets of variants, two or more, whose average ranks all lie closer than a distance.

    Returns:
        Places in `averages`, each set from its best; sets from the best.
    """
    order = sorted(range(len(averages)), key=lambda place: averages[place])
    found: list[list[int]] = []
    end = 0
    for start, first in enumerate(order):
        inside = [place for place in order[start:] if averages[place] - averages[first] < distance]
        if len(inside) > 1 and start + len(inside) > end:
            found.append(inside)
            end = start + len(inside)
    return found


def _range_exceeds(q: float, k: int) -> float:
    """P(range of k independent standard normal numbers > q): the studentized range without end of df.

    Integrated over the largest of them (D. Newman 1939, Biometrika 31, 20-30).
    """
    largest = np.linspace(-9.0, 9.0 + q, 4001)
    below = special.ndtr(largest)
    with np.errstate(divide="ignore"):
        within = (k - 1) * np.log1p(-np.minimum(special.ndtr(largest - q) / np.maximum(below, 1e-300), 1.0))
    density = k * np.exp(-0.5 * largest**2) / math.sqrt(2 * math.pi) * below ** (k - 1)
    chance = float(np.trapezoid(-np.expm1(within) * density, largest))
    return min(max(chance, sys.float_info.min), 1.0)
