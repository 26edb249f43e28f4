"""Whether paired differences could be normal: a note beside the t-test, never a switch to another test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.statistics.alternative import SMALLEST_P
from assay.statistics.rounding import can_be_tested, round_off

FEWEST, MOST = 3, 5000
"""Numbers of differences for which the p value is known."""


def shapiro_wilk(differences: Sequence[float]) -> float | None:
    """The p value of the Shapiro-Wilk test that differences come from some normal distribution.

    Source: S. S. Shapiro and M. B. Wilk (1965), An analysis of variance test for normality, Biometrika
    52, 591-611; computed by SciPy after P. Royston (1995), algorithm AS R94, Applied Statistics 44.

    Args:
        differences: n paired differences, in units of the metric.

    Returns:
        Above 0 and at most 1; None where n is not 3 to 5000, any difference is not finite, or all
        are equal but for rounding.
    """
    if not FEWEST <= len(differences) <= MOST or not can_be_tested(differences):
        return None
    if max(differences) - min(differences) <= round_off(differences):
        return None
    from scipy import stats  # takes a second to import, which only those wait who test

    values = np.asarray(differences, dtype=np.float64)
    p = float(stats.shapiro(values / np.abs(values).max()).pvalue)  # the algorithm refuses tiny values
    return min(1.0, max(p, SMALLEST_P))
