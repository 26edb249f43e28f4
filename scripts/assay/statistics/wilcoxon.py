"""The Wilcoxon signed-rank test of paired differences; rounding neither makes ties nor hides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.statistics.alternative import Alternative, p_value, require_alternative
from assay.statistics.rounding import RELATIVE, can_be_tested, round_off

Method = Literal["exact", "normal"]
MOST_EXACT = 500
"""With more differences than this, the normal approximation is used: it is as good, and the exact
distribution takes more than a moment."""


@dataclass(frozen=True)
class SignedRank:
    """A signed-rank test."""

    statistic: float | None
    """Sum of the ranks of positive differences (R's V); None with p."""
    p: float | None
    """None where there are no differences, only zeros, or any that is not finite."""
    n: int
    """Number of differences that are not zero."""
    method: Method
    """How p was computed: `normal` also where `exact` was asked for and n is above MOST_EXACT."""


def signed_rank(
    differences: Sequence[float], method: Method = "exact", alternative: Alternative = "two-sided"
) -> SignedRank:
    """Compare the ranks of positive and negative differences.

    Zeros are dropped, equal sizes share the mean of their ranks. `exact` is conditional on these
    ranks: all 2^n signs are equally likely. `normal` is corrected for ties and continuity, as R's
    `wilcox.test(exact = FALSE)`.

    Source: F. Wilcoxon (1945), Individual comparisons by ranking methods, Biometrics Bulletin 1, 80-83;
    ties: W. J. Conover (1999), Practical nonparametric statistics, section 5.7.

    Args:
        differences: n paired differences, in units of the metric.
        method: how p is computed.
        alternative: `greater` is evidence for differences above zero.

    Raises:
        ValueError: there is no such alternative or method.
    """
    require_alternative(alternative)
    if method not in ("exact", "normal"):
        raise ValueError(f"method: must be exact or normal, not {method!r}")
    if not can_be_tested(differences):
        return SignedRank(None, None, 0, method)
    tolerance = round_off(differences)
    kept = np.array([difference for difference in differences if abs(difference) > tolerance])
    doubled = _doubled_ranks(np.abs(kept), tolerance)
    statistic = int(doubled[kept > 0].sum())
    used: Method = method if len(kept) <= MOST_EXACT else "normal"
    tails = _exact_tails if used == "exact" else _normal_tails
    p = p_value(*tails(doubled, statistic), alternative)
    return SignedRank(statistic=statistic / 2, p=p, n=len(kept), method=used)


def _doubled_ranks(sizes: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Twice the mid-rank of each size, an integer; sizes that only rounding tells apart are equal."""
    order = np.argsort(sizes, kind="stable")
    ordered = sizes[order]
    is_new = np.diff(ordered) > np.maximum(tolerance, RELATIVE * ordered[1:])
    starts = np.flatnonzero(np.append(True, is_new))
    counts = np.diff(np.append(starts, len(sizes)))
    doubled = np.empty(len(sizes), dtype=np.int64)
    doubled[order] = np.repeat(2 * starts + counts + 1, counts)  # ranks start + 1 to start + count
    return doubled


def _exact_tails(doubled: NDArray[np.int64], statistic: int) -> tuple[float, float]:
    """Probabilities of a rank sum that is at most, or at least, the observed one."""
    chances = np.zeros(int(doubled.sum()) + 1)  # of each doubled sum of positive ranks
    chances[0] = 1.0
    reached = 0
    for rank in doubled.tolist():
        reached += rank
        chances[: reached + 1] /= 2
        chances[rank : reached + 1] += chances[: reached + 1 - rank].copy()
    return float(chances[: statistic + 1].sum()), float(chances[statistic:].sum())


def _normal_tails(doubled: NDArray[np.int64], statistic: int) -> tuple[float, float]:
    """The same from a normal distribution of the same mean and variance, half a rank apart."""
    n = len(doubled)
    ties = np.unique(doubled, return_counts=True)[1].astype(np.float64)
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((ties**3 - ties).sum()) / 48
    above_mean = statistic / 2 - n * (n + 1) / 4
    low, high = ((above_mean + half) / variance**0.5 for half in (0.5, -0.5))
    return float(special.ndtr(low)), float(special.ndtr(-high))
