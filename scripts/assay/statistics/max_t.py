"""Several comparisons that share a baseline or seeds: the largest |t| that chance alone would give.

A Dunnett-type adjustment that asks for no common variance and no normal differences: the signs of a seed's
differences are flipped together in all comparisons, which keeps what they share.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PATTERNS = 2**16
"""Sign patterns: all of them for up to 16 seeds, as many at random beyond."""
CHUNK = 4096
"""Patterns that are in memory at a time."""
NO_SPREAD = 1e-8
"""Part of a sum of squares below which what is left of it is rounding."""
ROUND_OFF = 1e-6
"""Relative difference by which a larger |t| still counts as equal."""


def max_t(differences: Sequence[Mapping[Hashable, float]], seed: int = 0) -> list[float]:
    """Adjusted p values: how often the largest |t| of all comparisons is as large as one's own.

    Source: P. H. Westfall and S. S. Young (1993), Resampling-based multiple testing, section 2.3 (single
    step); signs as in R. A. Fisher (1935), The design of experiments, section 21.

    Args:
        differences: for each of m comparisons, seed → paired difference; 2 or more each, not all equal.
        seed: of the generator that draws patterns; the same seed gives the same p values.

    Returns:
        m p values, none below 2 / 2^n for n seeds in all.
    """
    if not differences:
        return []
    seeds = list(dict.fromkeys(key for own in differences for key in own))
    rows = np.array([[own.get(key, 0.0) for key in seeds] for own in differences])
    counts = np.array([len(own) for own in differences], dtype=float)
    squares = (rows**2).sum(axis=1)
    observed = _statistics(rows.sum(axis=1)[:, None], squares, counts)[:, 0]
    exact = len(seeds) <= int(math.log2(PATTERNS))
    extreme = np.zeros(len(rows), dtype=np.int64)
    for signs in _patterns(len(seeds), exact, seed):
        largest = _statistics(rows @ signs, squares, counts).max(axis=0)
        extreme += (largest >= observed[:, None] * (1 - ROUND_OFF)).sum(axis=1)
    if exact:
        return [float(count / 2 ** len(seeds)) for count in extreme]
    return [float((1 + count) / (1 + PATTERNS)) for count in extreme]


def _statistics(sums: Array, squares: Array, counts: Array) -> Array:
    """|t| of each comparison under each pattern: signs change a sum and leave the sum of squares."""
    n = counts[:, None]
    own = squares[:, None]
    spread = np.maximum(own - sums**2 / n, NO_SPREAD * own)
    found: Array = np.abs(sums) * np.sqrt((n - 1) / (n * spread))
    return found


def _patterns(n: int, exact: bool, seed: int) -> Iterator[Array]:
    """Signs in chunks of shape (n, patterns)."""
    generator = np.random.default_rng(seed)
    total = 2**n if exact else PATTERNS
    for start in range(0, total, CHUNK):
        stop = min(total, start + CHUNK)
        if exact:
            bits = np.arange(start, stop)[None, :] >> np.arange(n)[:, None] & 1
        else:
            bits = generator.integers(0, 2, (n, stop - start))
        yield np.asarray(2.0 * bits - 1, dtype=np.float64)
