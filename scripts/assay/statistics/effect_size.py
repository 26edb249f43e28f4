"""How large a difference is, on scales that are the same for every metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize, special

from assay.statistics.alternative import require_level
from assay.statistics.noncentral_t import tails
from assay.statistics.paired import NO_SPREAD, Pairs, mean, standard_deviation


def d_z_interval(d_z: float | None, n: int, alpha: float = 0.05) -> tuple[float | None, float | None]:
    """Confidence interval of Cohen's d_z, by inverting the noncentral t distribution.

    The limits are the effects of which a d_z that is as large, or as small, has probability alpha / 2.

    Source: G. Cumming and S. Finch (2001), A primer on the understanding, use, and calculation of
    confidence intervals based on central and noncentral distributions, Educational and Psychological
    Measurement 61, 532-574.

    Args:
        d_z: mean difference over the standard deviation of the differences.
        n: number of pairs.
        alpha: the interval covers the true effect with probability 1 - alpha.

    Returns:
        Lower and upper limit; both None without a d_z, or with fewer than two pairs.

    Raises:
        ValueError: alpha does not lie between 0 and 1.
    """
    require_level(alpha)
    if d_z is None or not math.isfinite(d_z) or n < 2:
        return None, None
    t, df, scale = d_z * math.sqrt(n), n - 1, math.sqrt(n)
    # With the noncentrality, the probability of at least t increases and that of at most t decreases.
    low = _zero_of_increasing(lambda x: tails(t, df, x)[1] - alpha / 2, t, df)
    high = _zero_of_increasing(lambda x: alpha / 2 - tails(t, df, x)[0], t, df)
    return low / scale, high / scale


def _zero_of_increasing(function: Callable[[float], float], t: float, df: int) -> float:
    """Where an increasing function of the noncentrality, somewhere about t, is zero."""
    step = 1 + abs(t) / math.sqrt(2 * df)  # about the standard deviation of t
    low = high = t
    while function(low) > 0:
        low, step = low - step, 2 * step
    while function(high) < 0:
        high, step = high + step, 2 * step
    return float(optimize.brentq(function, low, high, xtol=1e-12 * (1 + abs(t)))) if low < high else t


def hedges_g_av(pairs: Pairs) -> float | None:
    """Hedges' g_av: the mean difference over the average of the two arms' standard deviations, unbiased.

    g_av = J(2 (n - 1)) * (mean of the variant - mean of the baseline) / ((sd + sd) / 2): the average is
    that of the standard deviations, not of the variances, and the degrees of freedom are those of
    both arms, after Lakens (J is exact where he approximates it by 1 - 3 / (4 * 2n - 9)).

    Source: D. Lakens (2013), Calculating and reporting effect sizes to facilitate cumulative science,
    Frontiers in Psychology 4, 863, equation 10 and below; G. Cumming (2012), Understanding the new
    statistics, chapter 11; J: L. V. Hedges (1981), Distribution theory for Glass's estimator of effect
    size, Journal of Educational Statistics 6, 107-128.

    Args:
        pairs: n pairs.

    Returns:
        None for fewer than two pairs, or where both arms vary by no more than rounding.
    """
    difference = mean(pairs.differences)
    first, second = standard_deviation(pairs.baseline), standard_deviation(pairs.variant)
    if difference is None or first is None or second is None:
        return None
    average = first / 2 + second / 2
    if average <= NO_SPREAD * max(map(abs, (*pairs.baseline, *pairs.variant))):
        return None
    return small_sample_correction(2 * (len(pairs.seeds) - 1)) * difference / average


def small_sample_correction(df: int) -> float:
    """J(df) = Γ(df / 2) / (√(df / 2) Γ((df - 1) / 2)), which makes a standardised difference unbiased.

    Source: Hedges (1981), as above, equation 6e.

    Args:
        df: degrees of freedom of the standard deviation, at least 2.
    """
    return math.exp(float(special.gammaln(df / 2) - special.gammaln((df - 1) / 2))) / math.sqrt(df / 2)


def probability_of_improvement(baseline: Sequence[float], variant: Sequence[float]) -> float | None:
    """The chance that a run of the variant has a larger value than a run of the baseline.

    All runs of the one meet all runs of the other, whatever their seeds; equal values count one half.
    Larger, not better: where lower is better, the chance of an improvement is 1 minus this.

    Source: R. Agarwal et al. (2021), Deep reinforcement learning at the edge of the statistical
    precipice, NeurIPS 34, section 4.3; H. B. Mann and D. R. Whitney (1947).

    Args:
        baseline: values of any number of runs.
        variant: values of any number of runs.

    Returns:
        From 0 to 1, above 0.5 where the variant tends to larger values; None where either
        has no runs, or any value is not finite.
    """
    if not baseline or not variant or not all(map(math.isfinite, (*baseline, *variant))):
        return None
    ordered = np.sort(np.asarray(baseline, dtype=np.float64))
    below, not_above = (np.searchsorted(ordered, variant, side=side).sum() for side in ("left", "right"))
    return float(below + not_above) / (2 * len(baseline) * len(variant))
