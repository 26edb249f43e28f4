"""The noise of one variant: what comparing it with itself gives (an A/A test)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from assay.statistics import paired

SMALLEST = 6
"""Fewer values make too few pairs to say anything."""


@dataclass(frozen=True)
class Noise:
    """What splits of one variant's values into two halves give."""

    pairs: int
    """Pairs of each split: half the number of values."""
    splits: int
    false_positive_rate: float
    """Part of the splits in which the paired t-test finds a difference that is not there."""
    floor: float
    """The size that the mean difference of two halves exceeds in a part alpha of the splits."""
    expected: float
    """The floor by theory, for all values in each arm: t quantile * sd * sqrt(2 / n)."""


def split_halves(
    values: Sequence[float], alpha: float = 0.05, splits: int = 10_000, seed: int = 0
) -> Noise | None:
    """Compare a variant with itself: pair its values at random, each value in one pair, and test.

    Args:
        values: n values, one a seed, of one variant.
        alpha: level of the test.
        splits: how many random pairings.
        seed: of the generator that draws them; the same seed gives the same splits.

    Returns:
        None where there are fewer than 6 values, or values without variance.
    """
    n, sd = len(values), paired.standard_deviation(values)
    if n < SMALLEST or not sd:
        return None
    pairs = n // 2
    generator = np.random.default_rng(seed)
    order = generator.permuted(np.tile(np.asarray(values), (splits, 1)), axis=1)
    differences = order[:, :pairs] - order[:, pairs : 2 * pairs]
    means, spreads = differences.mean(axis=1), differences.std(axis=1, ddof=1)
    varies = spreads > paired.NO_SPREAD * np.abs(order).max()
    t = np.divide(np.abs(means) * math.sqrt(pairs), spreads, where=varies, out=np.zeros_like(means))
    found = t >= -special.stdtrit(pairs - 1, alpha / 2)
    quantile = -float(special.stdtrit(2 * n - 2, alpha / 2))
    return Noise(
        pairs=pairs,
        splits=splits,
        false_positive_rate=float(found.mean()),
        floor=float(np.quantile(np.abs(means), 1 - alpha)),
        expected=quantile * sd * math.sqrt(2 / n),
    )
