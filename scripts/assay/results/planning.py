"""How many seeds a study needs, said before they are spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from assay.statistics import power

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
        """The upper 80 % confidence limit of an estimate, with which a study is rarely too small.

        Source: R. H. Browne (1995), On the use of a pilot sample for sample size determination,
        Statistics in Medicine 14, 1933-1940.
        """
        if self.pairs is None:
            return self.sd
        df = self.pairs - 1
        return self.sd * float((df / special.chdtri(df, LIMIT)) ** 0.5)


@dataclass(frozen=True)
class Demand:
    """What a study asks of its numbers."""

    alpha: float
    """Level of one comparison: a share of the family's."""
    power: float
    margin: float | None
    """Smallest difference that matters, in units of the metric."""


def detectable(sd: float, seeds: Sequence[int], demand: Demand) -> list[float]:
    """The smallest true difference that each number of seeds finds with the power, in units of the metric."""
    return [sd * power.detectable_effect(n, demand.power, demand.alpha) for n in seeds]


def seeds_needed(sd: float, demand: Demand) -> int | None:
    """The number of seeds that find a true difference of the margin with the power; None without a margin."""
    if demand.margin is None:
        return None
    return power.seeds_needed(demand.margin / sd, demand.power, demand.alpha)
