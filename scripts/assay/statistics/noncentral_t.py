"""The noncentral t distribution, where series give up: for effects of any size, in both tails."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

REACH = 10.0
"""Beyond this many standard deviations there is less than 1e-21 of a normal or a chi distribution."""
# Nodes that crowd at the lower end, where the density of a chi variable with few degrees of freedom
# has no derivatives.
_POINTS, _WEIGHTS = special.roots_legendre(200)
_NODES: NDArray[np.float64] = ((1 + _POINTS) / 2) ** 4
_NODE_WEIGHTS: NDArray[np.float64] = _WEIGHTS * 2 * ((1 + _POINTS) / 2) ** 3


def tails(t: float, df: float, noncentrality: float) -> tuple[float, float]:
    """The probabilities that a noncentral t variable is at most t, and that it is above t.

    The variable is T = (Z + noncentrality) / S, with Z standard normal and df S^2 chi-squared with df
    degrees of freedom. One of Z and S is integrated out by its distribution function, the other by
    Gauss-Legendre quadrature: the one of the two for which the integrand is the smoother.

    Source: the definition; N. L. Johnson, S. Kotz and N. Balakrishnan (1995), Continuous univariate
    distributions 2, 2nd edition, chapter 31.

    Args:
        t: finite.
        df: degrees of freedom, at least 1, not necessarily whole.
        noncentrality: finite.

    Returns:
        Two numbers from 0 to 1, each accurate to about 1e-13.
    """
    if t < 0:
        below, above = tails(-t, df, -noncentrality)
        return above, below
    if t > math.sqrt(2 * df):
        return _over_normal(t, df, noncentrality)
    return _over_chi(t, df, noncentrality)


def _over_normal(t: float, df: float, noncentrality: float) -> tuple[float, float]:
    """Integrate over Z: T is above t where S < (Z + noncentrality) / t, for which that must be positive."""
    low, high = max(-REACH, -noncentrality), REACH
    if low >= high:
        return 1.0, 0.0
    z = low + (high - low) * _NODES
    weights = _NODE_WEIGHTS * (high - low) * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    squared = df * ((z + noncentrality) / t) ** 2
    negative = float(special.ndtr(-noncentrality))
    below, above = negative + weights @ special.chdtrc(df, squared), weights @ special.chdtr(df, squared)
    return min(1.0, float(below)), min(1.0, float(above))


def _over_chi(t: float, df: float, noncentrality: float) -> tuple[float, float]:
    """Integrate over S: T is at most t where Z <= t S - noncentrality."""
    low, high = max(0.0, 1 - REACH / math.sqrt(df)), 1 + REACH / math.sqrt(df)
    s = low + (high - low) * _NODES
    density = np.exp((df - 1) * np.log(s) - df * (s * s - 1) / 2)  # but for a factor
    weights = _NODE_WEIGHTS * density
    weights /= weights.sum()
    z = t * s - noncentrality
    return min(1.0, float(weights @ special.ndtr(z))), min(1.0, float(weights @ special.ndtr(-z)))
