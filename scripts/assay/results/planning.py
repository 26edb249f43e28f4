"""What a number of seeds can find, and how many it takes: before they are spent, and after."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from assay.statistics import power
from assay.statistics.power import MOST_SEEDS

LIMIT = 0.8
"""Confidence of the upper limit of a standard deviation that was estimated from a pilot."""


@dataclass(frozen=True)
class Spread:
    """The standard deviation of paired differences: stated, or estimated from a pilot."""

    sd: float
    """In units of the metric, above 0."""
    pairs: int | None = None
    """Number of pairs that it was estimated from; None if it is stated."""

    @property
    def high(self) -> float:
        """The upper 80 % confidence limit of an estimate: four of five pilots have a true one below it.

        Source: R. H. Browne (1995), On the use of a pilot sample for sample size determination,
        Statistics in Medicine 14, 1933-1940.
        """
        if self.pairs is None:
            return self.sd
        df = self.pairs - 1
        return self.sd * float((df / special.chdtri(df, LIMIT)) ** 0.5)


@dataclass(frozen=True)
class Demand:
    """What a study asks of its seeds."""

    alpha: float
    """Two-sided level of one comparison, at the look that is meant: a share of the family's."""
    power: float
    resampling: float = 0.0
    """Test samples for each training sample where each seed splits the data anew; else 0."""


def detectable(sd: float, n: int, demand: Demand) -> float:
    """The smallest true difference that n seeds find with the power, in units of the metric.

    Seeds that split the data anew share samples: the standard error is Nadeau and Bengio's (2003), and has a
    floor that no number of seeds lowers.
    """
    effect = power.detectable_effect(n, demand.power, demand.alpha)
    return sd * math.sqrt(1 + n * demand.resampling) * effect


def seeds_needed(sd: float, margin: float, demand: Demand) -> int | None:
    """The number of seeds that find a true difference of the margin with the power; None above a million."""
    low, high = 1, 2
    while detectable(sd, high, demand) > margin:
        low, high = high, 2 * high
        if low > MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if detectable(sd, middle, demand) <= margin else (middle, high)
    return high if high <= MOST_SEEDS else None
