"""What a test counts as evidence: large values of its statistic, small ones, or both."""

from __future__ import annotations

import sys
from typing import Literal

Alternative = Literal["two-sided", "greater", "less"]
"""Against "no difference": any difference, variant above baseline, variant below baseline."""
ALTERNATIVES = ("two-sided", "greater", "less")
SMALLEST_P = sys.float_info.min
"""A p value is never zero: where it underflows, the smallest normal number stands for it."""


def p_value(at_most: float, at_least: float, alternative: Alternative) -> float:
    """The p value of a statistic, from the chances of one as small and of one as large.

    Args:
        at_most: probability, without a difference, of a statistic that is at most the observed one.
        at_least: probability of one that is at least the observed one.
        alternative: which of them is evidence; two-sided is twice the smaller one.

    Returns:
        A number above 0 and at most 1.

    Raises:
        ValueError: there is no such alternative.
    """
    require_alternative(alternative)
    if alternative == "two-sided":
        p = 2 * min(at_most, at_least)
    else:
        p = at_least if alternative == "greater" else at_most
    return min(1.0, max(p, SMALLEST_P))


def require_alternative(alternative: str) -> None:
    """Raise ValueError for anything but one of ALTERNATIVES."""
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative: must be one of {', '.join(ALTERNATIVES)}, not {alternative!r}")


def require_level(alpha: float) -> None:
    """Raise ValueError for an alpha that does not lie between 0 and 1."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: must lie between 0 and 1, not {alpha}")
