"""More than one test: p values adjusted so that false alarms stay as rare as alpha says.

holm                 the chance of any false alarm, whatever the dependence between the tests
dunnett              the same, for comparisons with one baseline: it uses that they depend on it
benjamini_hochberg   the expected share of false alarms among all alarms
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.statistics.paired import mean, standard_deviation

Array = NDArray[np.float64]
POINTS = 16_384
"""Random places that `dunnett` averages over."""
RARE = 1e-100
"""A p value below this is multiplied by the number of comparisons: nothing else can be computed of it."""


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment, which holds whatever the dependence between the tests.

    Source: S. Holm (1979), A simple sequentially rejective multiple test procedure,
    Scandinavian Journal of Statistics 6, 65-70.

    Args:
        p_values: m p values, each in [0, 1].

    Returns:
        m adjusted p values in the same order; reject where they are at most alpha.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    by_size = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank, index in enumerate(by_size):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """The step-up adjustment that bounds the false discovery rate of independent tests.

    Source: Y. Benjamini and Y. Hochberg (1995), Controlling the false discovery rate, Journal of the
    Royal Statistical Society B 57, 289-300.

    Args:
        p_values: m p values, each in [0, 1].

    Returns:
        m adjusted p values in the same order; reject where they are at most the rate.
    """
    adjusted = [0.0] * len(p_values)
    smallest = 1.0
    by_size = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank in range(len(p_values), 0, -1):
        p = p_values[by_size[rank - 1]]
        smallest = min(smallest, max(p, len(p_values) / rank * p))  # rounding could go below p
        adjusted[by_size[rank - 1]] = smallest
    return adjusted


def dunnett(differences: Sequence[Sequence[float]]) -> list[float]:
    """The single-step adjustment for several variants that are compared with one baseline.

    Each p value is the chance that the largest of the |t| is as large as this one if no variant differs:
    t has a multivariate t distribution with n - 1 degrees of freedom, and the correlations of the
    differences, which are not small since all have the baseline in common.

    Source: C. W. Dunnett (1955), Journal of the American Statistical Association 50, 1096-1121; with
    estimated correlations: T. Hothorn, F. Bretz and P. Westfall (2008), Simultaneous inference in general
    parametric models, Biometrical Journal 50, 346-363.

    Args:
        differences: a row a comparison, m in all: the n paired differences from the baseline, on the same
            n seeds in every row, n at least 2. Each row varies.

    Returns:
        m adjusted p values, each between its p value and m times it; the p value itself for m = 1.

    Raises:
        ValueError: rows of unequal length, fewer than two seeds, or a row that does not vary.
    """
    rows = [[float(value) for value in row] for row in differences]
    if not rows:
        return []
    n = len(rows[0])
    spreads = [standard_deviation(row) or 0.0 for row in rows]
    if n < 2 or {len(row) for row in rows} != {n} or min(spreads) <= 0:
        raise ValueError("every row must have the same number of differences, two or more that vary")
    t = [(mean(row) or 0.0) / sd * math.sqrt(n) for row, sd in zip(rows, spreads, strict=True)]
    p_values = [
        max(min(1.0, 2 * float(special.stdtr(n - 1, -abs(value)))), sys.float_info.min) for value in t
    ]
    if len(rows) == 1:
        return p_values
    factor = _factor(np.array(rows), np.array(spreads))
    sample = _sample(factor, n - 1)
    adjusted = [0.0] * len(rows)
    largest = 0.0
    for index in sorted(range(len(rows)), key=lambda index: p_values[index]):
        p = p_values[index]
        chance = _chance(abs(t[index]), p, n - 1, factor, sample) if p > RARE else 1.0
        largest = max(largest, min(max(p, chance), len(rows) * p, 1.0))
        adjusted[index] = largest
    return adjusted


def _factor(rows: Array, spreads: Array) -> Array:
    """m x r, r the rank of the rows' correlation matrix, which is the factor times its transpose."""
    scaled = (rows - rows.mean(axis=1, keepdims=True)) / spreads[:, None]
    values, vectors = np.linalg.eigh(np.cov(scaled))
    kept = values > 1e-10 * values[-1]
    factor = vectors[:, kept] * np.sqrt(values[kept])
    found: Array = factor / np.linalg.norm(factor, axis=1, keepdims=True)
    return found


def _sample(factor: Array, df: int) -> tuple[Array, Array, Array]:
    """Uniform numbers, squares of a chi of df + 1, normal vectors in r dimensions: m groups of equal size."""
    m, rank = factor.shape
    uniform = _uniform(m * (POINTS // m + 1), rank + 2)
    chi = 2 * special.gammaincinv((df + 1) / 2, uniform[:, 1])
    return uniform[:, 0], chi, special.ndtri(uniform[:, 2:])


def _chance(t: float, p: float, df: int, factor: Array, sample: tuple[Array, Array, Array]) -> float:
    """P(max |T| >= t), T multivariate t with correlations factor factor'; p is that of one |T|.

    Importance sampling: where one |T|, each in its turn, is t or more. In a direction drawn so, the length
    of T is integrated exactly: its square is F distributed. The estimate is never below p or above m p.
    """
    (m, rank), (uniform, chi, normal) = factor.shape, sample
    one = -special.stdtrit(df, uniform * p / 2)  # the T that is at least t
    along = factor.repeat(len(uniform) // m, axis=0)
    size = one * np.sqrt(chi / (df + one**2)) - (along * normal).sum(axis=1)
    drawn = normal + along * size[:, None]
    squares = (drawn @ factor.T) ** 2 / (drawn**2).sum(axis=1, keepdims=True)
    grid = np.linspace(0, 1, 4097)  # the F distribution is read off a table: it is slow to compute
    tail = special.fdtrc(rank, df, t**2 / (rank * np.maximum(grid, 1e-9)))
    exceeding = np.interp(squares, grid, tail)
    return float(m * p * (exceeding.max(axis=1) / exceeding.sum(axis=1)).mean())


def _uniform(count: int, dimensions: int) -> Array:
    """Points that fill the unit cube evenly: Richtmyer's sequence, folded, with one seeded shift.

    Source: A. Genz and F. Bretz (2009), Computation of multivariate normal and t probabilities, 4.2.
    """
    primes = (n for n in itertools.count(2) if all(n % d for d in range(2, math.isqrt(n) + 1)))
    roots = np.sqrt(np.array(list(itertools.islice(primes, dimensions)), dtype=float))
    shift = np.random.default_rng(1955).uniform(size=dimensions)
    places = np.abs(2 * ((np.arange(1, count + 1)[:, None] * roots + shift) % 1) - 1)
    found: Array = np.clip(places, 1e-12, 1 - 1e-12)
    return found
