"""Equivalence: whether a difference can be shown to be smaller than one that would matter."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import special

from assay.statistics.alternative import p_value
from assay.statistics.paired import Pairs, paired_t


@dataclass(frozen=True)
class Tost:
    """Two one-sided tests; None where the paired t-test has no p either."""

    p: float | None
    """The larger of the two p values; at most alpha: the arms are equivalent."""
    ci_low: float | None
    ci_high: float | None
    """Interval of confidence 1 - 2 alpha: within the margin exactly where p is at most alpha."""


def tost(pairs: Pairs, margin: float, alpha: float = 0.05, resampling: float = 0.0) -> Tost:
    """Test that the mean difference lies between -margin and margin.

    Source: D. J. Schuirmann (1987), A comparison of the two one-sided tests procedure and the power
    approach, Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680.

    Args:
        pairs: n pairs.
        margin: the smallest difference that would matter, in units of the metric.
        alpha: level of each of the two tests, and of both together.
        resampling: as in `assay.statistics.paired.paired_t`.

    Raises:
        ValueError: the margin is not above 0, alpha does not lie between 0 and 0.5, or resampling is
            negative or not finite.
    """
    if not margin > 0:
        raise ValueError(f"margin: must be above 0, not {margin}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha: must lie between 0 and 0.5, not {alpha}")
    test = paired_t(pairs, 2 * alpha, resampling=resampling)
    if test.status != "ok":
        return Tost(None, None, None)
    assert test.mean_difference is not None and test.standard_error is not None
    # The arms are not equivalent if the difference is at most -margin, or at least margin.
    below, above = (
        float(special.stdtr(test.df, (sign * test.mean_difference - margin) / test.standard_error))
        for sign in (-1, 1)
    )
    return Tost(p_value(max(below, above), 1.0, "less"), test.ci_low, test.ci_high)
