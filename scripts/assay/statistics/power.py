"""What a paired t-test can find: its power, the smallest effect that it finds, the seeds that it needs.

Effects are Cohen's d_z: true mean difference over the standard deviation of the differences. Source of
all three: Cohen (1988), Statistical power analysis for the behavioral sciences, chapter 2; power is exact,
by the noncentral t distribution, and counts both sides of a two-sided test.
"""

from __future__ import annotations

import functools
import math

from scipy import optimize, special

from assay.statistics.alternative import Alternative, require_alternative, require_level
from assay.statistics.noncentral_t import tails

MOST_SEEDS = 10**6
"""An effect that needs more seeds than this needs another experiment."""


def power(effect: float, n: float, alpha: float = 0.05, alternative: Alternative = "two-sided") -> float:
    """The probability that the paired t-test finds an effect.

    Args:
        effect: d_z, of any sign.
        n: number of pairs, at least 2; not necessarily whole.
        alpha: level of the test.
        alternative: `greater` finds effects above zero, `less` those below.

    Raises:
        ValueError: n is below 2, alpha does not lie between 0 and 1, the effect is not finite, or there
            is no such alternative.
    """
    require_alternative(alternative)
    require_level(alpha)
    _require_pairs(n)
    if not math.isfinite(effect):
        raise ValueError(f"effect: must be finite, not {effect}")
    df, noncentrality = n - 1, effect * math.sqrt(n)
    critical = -float(special.stdtrit(df, alpha / 2 if alternative == "two-sided" else alpha))
    found = 0.0
    if alternative != "less":
        found += tails(critical, df, noncentrality)[1]
    if alternative != "greater":
        found += tails(-critical, df, noncentrality)[0]
    return min(1.0, found)


@functools.lru_cache(maxsize=4096)  # comparisons of one study ask the same, and a search asks it often
def detectable_effect(
    n: int, power: float = 0.8, alpha: float = 0.05, alternative: Alternative = "two-sided"
) -> float:
    """The smallest effect that n pairs find with a power.

    Args:
        n: number of pairs, at least 2.
        power: above alpha and below 1.
        alpha: level of the test.
        alternative: as in `power`.

    Returns:
        d_z, above 0; below 0 if the alternative is `less`.

    Raises:
        ValueError: n is below 2, alpha does not lie between 0 and 1, the power not between alpha and 1,
            or there is no such alternative.
    """
    _require_goal(power, alpha, alternative)
    _require_pairs(n)
    sign = -1 if alternative == "less" else 1

    def lacking(effect: float) -> float:
        return _power(sign * effect, n, alpha, alternative) - power

    enough = 1 / math.sqrt(n)
    while lacking(enough) < 0:
        enough *= 2
    return sign * float(optimize.brentq(lacking, 0.0, enough, xtol=1e-13 * enough))


def seeds_needed(
    effect: float, power: float = 0.8, alpha: float = 0.05, alternative: Alternative = "two-sided"
) -> int | None:
    """The smallest number of pairs that finds an effect with a power, at least 2.

    Args:
        effect: d_z.
        power: above alpha and below 1.
        alpha: level of the test.
        alternative: as in `power`.

    Returns:
        None where more than MOST_SEEDS would be needed, or none would do: there is no effect, or the
        alternative is on its other side.

    Raises:
        ValueError: as in `detectable_effect`, or the effect is not finite.
    """
    needed = fractional_seeds(effect, power, alpha, alternative)
    # The effect that n pairs just find needs n pairs, not n + 1, whatever the rounding.
    return None if needed is None else math.ceil(needed * (1 - 1e-9))


def fractional_seeds(
    effect: float, power: float = 0.8, alpha: float = 0.05, alternative: Alternative = "two-sided"
) -> float | None:
    """The same, not rounded up to a whole number; see `seeds_needed`."""
    _require_goal(power, alpha, alternative)

    def lacking(n: float) -> float:
        return _power(effect, n, alpha, alternative) - power

    if lacking(2) >= 0:
        return 2.0
    if effect == 0 or (alternative == "less" and effect > 0) or (alternative == "greater" and effect < 0):
        return None
    enough = 4
    while lacking(enough) < 0:
        enough *= 2
        if enough > 2 * MOST_SEEDS:
            return None
    needed = float(optimize.brentq(lacking, enough / 2, enough, xtol=1e-12, rtol=1e-12))
    return needed if needed <= MOST_SEEDS else None


_power = power  # for functions in which a power is the number to be reached


def _require_pairs(n: float) -> None:
    if not n >= 2:
        raise ValueError(f"n: must be at least 2, not {n}")


def _require_goal(power: float, alpha: float, alternative: Alternative) -> None:
    require_alternative(alternative)
    require_level(alpha)
    if not alpha < power < 1:
        raise ValueError(f"power: must lie between alpha ({alpha}) and 1, not {power}")
