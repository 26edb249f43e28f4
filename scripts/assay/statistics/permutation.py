"""The sign-flip permutation test: without an effect, each difference had either sign by chance.

It assumes that differences are symmetric about zero under the null hypothesis, and nothing of their
distribution. With n differences no two-sided p value is below 2 / 2^n: five pairs never reach 0.05.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.statistics.alternative import SMALLEST_P, Alternative, require_alternative
from assay.statistics.rounding import can_be_tested, round_off

CHUNK = 2**14
"""Sampled patterns that are in memory at a time."""
BYTE = 8
"""Signs that are drawn at a time."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class SignFlip:
    """A sign-flip test of the mean of paired differences."""

    p: float | None
    """None where there are no differences, only zeros, or any that is not finite."""
    patterns: int
    """Number of sign patterns that p comes from: all 2^n, or as many as were sampled."""
    exact: bool
    """Whether these are all patterns."""


def sign_flip(
    differences: Sequence[float],
    patterns: int = 2**20,
    seed: int = 0,
    alternative: Alternative = "two-sided",
) -> SignFlip:
    """Compare the sum of the differences with the sums under other signs.

    Up to `patterns` sign patterns are all counted, beyond that as many are sampled. A sum that
    equals the observed one but for rounding counts as extreme.

    Source: R. A. Fisher (1935), The design of experiments, section 21; sampled p values, which are
    never zero: B. Phipson and G. K. Smyth (2010), Permutation p-values should never be zero,
    Statistical Applications in Genetics and Molecular Biology 9, 39.

    Args:
        differences: n paired differences, in units of the metric.
        patterns: at least 1; exact where 2^n is at most this, else the size of the sample.
        seed: of the sample (PCG64); the same seed gives the same p value.
        alternative: `greater` is evidence for differences above zero.

    Raises:
        ValueError: there is no such alternative, or there are no patterns to look at.
    """
    require_alternative(alternative)
    if patterns < 1:
        raise ValueError(f"patterns: must be at least 1, not {patterns}")
    n, two_sided = len(differences), alternative == "two-sided"
    exact = 2**n <= patterns
    if not can_be_tested(differences):
        return SignFlip(p=None, patterns=0, exact=exact)
    values = np.asarray(differences, dtype=np.float64) * (-1 if alternative == "less" else 1)
    observed = math.fsum(values)
    # Each difference may be off by rounding, and so may each of the n additions.
    tolerance = n * (round_off(differences) + 4 * np.finfo(np.float64).eps * math.fsum(abs(values)))
    threshold = (abs(observed) if two_sided else observed) - tolerance
    if exact:
        return SignFlip(_share_of_all(values, threshold, two_sided), 2**n, exact)
    extreme = _count_sampled(values, threshold, two_sided, patterns, seed)
    return SignFlip((1 + extreme) / (1 + patterns), patterns, exact)


def _share_of_all(values: Numbers, threshold: float, two_sided: bool) -> float:
    """The share of all sign patterns whose sum reaches the threshold.

    The sums of the two halves of the differences meet in the middle: for each sum of the one, those of
    the other that suffice are found by bisection, so that memory and time are of order 2^(n/2).
    """
    if two_sided and threshold <= 0:
        return 1.0
    first, second = (_signed_sums(half) for half in np.array_split(values, 2))
    second.sort()
    extreme = first.size * second.size - int(np.searchsorted(second, threshold - first).sum())
    # Patterns come in pairs of opposite sums: as many reach the threshold from below.
    return max((1 + two_sided) * extreme / (first.size * second.size), SMALLEST_P)


def _signed_sums(values: Numbers) -> Numbers:
    """The 2^n sums of n values under all signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _count_sampled(values: Numbers, threshold: float, two_sided: bool, patterns: int, seed: int) -> int:
    """How many of randomly drawn sign patterns reach the threshold.

    A random byte stands for the signs of eight differences, whose sums are looked up.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    padded = np.append(values, np.zeros(-values.size % BYTE))
    tables = [_signed_sums(block) for block in padded.reshape(-1, BYTE)]
    extreme = 0
    for start in range(0, patterns, CHUNK):
        size = min(CHUNK, patterns - start)
        drawn = np.frombuffer(generator.bytes(size * len(tables)), dtype=np.uint8).reshape(-1, size)
        sums = np.zeros(size)
        for table, signs in zip(tables, drawn, strict=True):
            sums += table[signs]
        extreme += int(np.count_nonzero((np.abs(sums) if two_sided else sums) >= threshold))
    return extreme
