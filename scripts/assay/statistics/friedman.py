"""Friedman's test: do several variants on several data sets rank alike?

Its p value is exact or by permutation where the data sets are few: there, the usual F distribution finds
differences too often (3 data sets, 3 variants: p = .049 for what has a chance of .19).
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.statistics.ranks import Scores, ranks

Array = NDArray[np.float64]
SMALL = 200
"""Tables of up to so many cells are tested by permutation."""
PERMUTATIONS = 100_000


@dataclass(frozen=True)
class Friedman:
    """Friedman's test that all variants have the same average rank; None where there is no such number."""

    chi_square: float | None
    """Corrected for ties; None if all variants are tied on every data set."""
    df: int
    p_chi_square: float | None
    f: float | None
    """Iman and Davenport's F; None, too, if every data set ranks the variants alike: F is infinite."""
    df_1: int
    df_2: int
    p_f: float | None
    p: float | None
    """The p value to report; how it was computed is `method`."""
    method: str | None
    """`exact`: the chance that all data sets rank alike, where they do; `permutation`: of small tables,
    where F is too liberal; `f`: p_f."""
    tie_correction: float
    """What the chi-square without regard to ties is divided by: 1 without ties."""


def friedman(scores: Scores) -> Friedman:
    """Friedman's test that no variant ranks better, and Iman and Davenport's F, as papers give it.

    Sources: M. Friedman (1937), Journal of the American Statistical Association 32, 675-701; R. L. Iman
    and J. M. Davenport (1980), Communications in Statistics A 9, 571-595.

    Args:
        scores: N data sets x k variants, N at least 2 and k at least 2. Which way is better is all one.
    """
    ranked = ranks(scores, higher_is_better=False)
    n, k = ranked.shape
    df_1, df_2 = k - 1, (k - 1) * (n - 1)
    within = float(((ranked - (k + 1) / 2) ** 2).sum())
    correction = within / (n * k * (k**2 - 1) / 12)
    if within == 0:
        return Friedman(None, df_1, None, None, df_1, df_2, None, None, None, correction)
    chi_square = df_1 * float(_deviation(ranked)) / within
    p_chi_square = max(float(special.chdtrc(df_1, chi_square)), sys.float_info.min)
    rest = n * df_1 - chi_square
    if rest <= 1e-9 * n * df_1:
        _, ties = np.unique(ranked[0], return_counts=True)
        orders = math.lgamma(k + 1) - sum(math.lgamma(count + 1) for count in ties)
        p = max(math.exp(-(n - 1) * orders), sys.float_info.min)
        return Friedman(chi_square, df_1, p_chi_square, None, df_1, df_2, None, p, "exact", correction)
    f = (n - 1) * chi_square / rest
    p_f = max(float(special.fdtrc(df_1, df_2, f)), sys.float_info.min)
    small = n * k <= SMALL
    p, method = (_permuted(ranked), "permutation") if small else (p_f, "f")
    return Friedman(chi_square, df_1, p_chi_square, f, df_1, df_2, p_f, p, method, correction)


def _deviation(ranked: Array) -> Array:
    """Of the rank sums from their mean, squared and summed; ranks are (..., N, k)."""
    n, k = ranked.shape[-2:]
    found: Array = ((ranked.sum(axis=-2) - n * (k + 1) / 2) ** 2).sum(axis=-1)
    return found


def _permuted(ranked: Array) -> float:
    """The share of random orders, within each data set, whose ranks deviate as much; with a fixed seed."""
    generator = np.random.default_rng(1937)
    least = float(_deviation(ranked)) - 1e-9
    beyond = 0
    for _ in range(PERMUTATIONS // 10_000):
        drawn = generator.permuted(np.broadcast_to(ranked, (10_000, *ranked.shape)), axis=2)
        beyond += int((_deviation(drawn) >= least).sum())
    return (beyond + 1) / (PERMUTATIONS + 1)
