"""How much paired differences may differ from each other, or from zero, by rounding alone.

0.55 - 0.5 and 0.375 - 0.325 are one difference to people and two to a computer, and a rank or a
count of ties must not depend on it. Differences that are told apart by less than `round_off` are equal.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

RELATIVE = 1e-9
"""Part of a typical difference that rounding may make."""
NOISE = 1e-12
"""Differences below this part of the largest one are not typical."""


def round_off(differences: Sequence[float]) -> float:
    """The size of a difference that rounding alone may make.

    It is measured by the median difference, so that one run that went astray does not make all
    others look like rounding.

    Args:
        differences: n finite paired differences, in units of the metric.

    Returns:
        At least 0, in units of the metric; 0 where every difference is 0.
    """
    sizes = [abs(difference) for difference in differences]
    largest = max(sizes, default=0.0)
    typical = [size for size in sizes if size > NOISE * largest]
    return RELATIVE * statistics.median(typical) if typical else 0.0


def can_be_tested(differences: Sequence[float]) -> bool:
    """Whether there are differences, all of them finite and not all of them zero."""
    return any(differences) and all(map(math.isfinite, differences))
