"""The paired t-test: two arms joined on the seed, never on the order of their values.

A test that has no meaning (fewer than two pairs, no spread) has no t and no p, and says why:

    ok                         there is a test
    n_lt_2                     fewer than two pairs
    identical                  every difference is exactly zero
    degenerate_zero_variance   all differences are equal but for rounding
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from scipy import special

from assay.statistics.alternative import Alternative, p_value, require_alternative, require_level

Seed = int | str
LARGEST = 1e150
"""Absolute values beyond this are no measurement: their sums and differences could overflow."""
NO_SPREAD = 1e-12
"""Differences whose standard deviation is at most this part of the largest value do not vary."""


@dataclass(frozen=True)
class Pairs:
    """The values of two arms on the seeds that both have, in the order of the seeds."""

    seeds: tuple[Seed, ...]
    baseline: tuple[float, ...]
    variant: tuple[float, ...]
    unpaired: tuple[Seed, ...]
    """Seeds of either arm that make no pair."""

    @property
    def differences(self) -> tuple[float, ...]:
        """Paired differences, variant minus baseline."""
        return tuple(v - b for b, v in zip(self.baseline, self.variant, strict=True))


@dataclass(frozen=True)
class PairedTest:
    """A paired t-test; None where there is no such number."""

    status: str
    n: int
    """Number of pairs."""
    mean_baseline: float | None
    mean_variant: float | None
    mean_difference: float | None
    """Variant minus baseline, in units of the metric."""
    sd_difference: float | None
    """Standard deviation of the differences, with n - 1."""
    standard_error: float | None
    """Of the mean difference."""
    ci_low: float | None
    """None, too, where the interval is open: below, if the alternative is `less`."""
    ci_high: float | None
    """None, too, where the interval is open: above, if the alternative is `greater`."""
    t: float | None
    df: int | None
    p: float | None
    d_z: float | None
    """Cohen's d_z: mean difference over the standard deviation of the differences."""


def seed_order(seed: Seed) -> tuple[bool, Seed]:
    """Sort key: integers by size, then text."""
    return isinstance(seed, str), seed


def is_usable(value: float | None) -> TypeGuard[float]:
    """Whether a value can be half of a pair: present, finite, not beyond `LARGEST`."""
    return value is not None and abs(value) <= LARGEST


def join(baseline: Mapping[Seed, float | None], variant: Mapping[Seed, float | None]) -> Pairs:
    """Pair two arms, each seed → value, on the seeds where both have a usable value."""
    found: list[tuple[Seed, float, float]] = []
    unpaired: list[Seed] = []
    for seed in sorted({*baseline, *variant}, key=seed_order):
        b, v = baseline.get(seed), variant.get(seed)
        if is_usable(b) and is_usable(v):
            found.append((seed, b, v))
        else:
            unpaired.append(seed)
    return Pairs(
        seeds=tuple(seed for seed, _, _ in found),
        baseline=tuple(b for _, b, _ in found),
        variant=tuple(v for _, _, v in found),
        unpaired=tuple(unpaired),
    )


def mean(values: Sequence[float]) -> float | None:
    """Arithmetic mean, correctly rounded whatever the order; None without values."""
    return math.fsum(values) / len(values) if values else None


def standard_deviation(values: Sequence[float]) -> float | None:
    """Standard deviation with n - 1, safe from overflow; None for fewer than two values."""
    center = mean(values)
    if center is None or len(values) < 2:
        return None
    return math.hypot(*(value - center for value in values)) / math.sqrt(len(values) - 1)


def paired_t(
    pairs: Pairs,
    alpha: float = 0.05,
    alternative: Alternative = "two-sided",
    resampling: float = 0.0,
) -> PairedTest:
    """Student's t-test of the paired differences against zero.

    Where each seed also draws its own split, differences share training examples and are correlated;
    the squared standard error is then sd^2 (1 / n + resampling).

    Source: Student (1908), The probable error of a mean, Biometrika 6, 1-25; d_z: Cohen (1988),
    Statistical power analysis for the behavioral sciences, section 2.3.5; resampling: C. Nadeau and
    Y. Bengio (2003), Inference for the generalization error, Machine Learning 52, 239-281, the
    corrected resampled t-test.

    Args:
        pairs: n pairs.
        alpha: the interval covers the true mean difference with probability 1 - alpha.
        alternative: what is tested against; `greater` is a variant above its baseline. The interval
            of a one-sided test is open on the other side.
        resampling: size of the test split over size of the training split; 0 for one split for all.

    Raises:
        ValueError: alpha does not lie between 0 and 1, there is no such alternative, or resampling is
            negative or not finite.
    """
    require_alternative(alternative)
    require_level(alpha)
    if not 0 <= resampling < math.inf:
        raise ValueError(f"resampling: must be a finite number of at least 0, not {resampling}")
    n = len(pairs.seeds)
    center, sd = mean(pairs.differences), standard_deviation(pairs.differences)
    low = high = t = p = d_z = df = None
    relative_error = math.sqrt(1 / n + resampling) if n else math.nan
    status = _status(pairs, sd)
    if status == "ok":
        assert center is not None and sd is not None
        df = n - 1
        d_z = center / sd
        t = d_z / relative_error
        p = p_value(float(special.stdtr(df, t)), float(special.stdtr(df, -t)), alternative)
        tail = alpha / 2 if alternative == "two-sided" else alpha
        half_width = -float(special.stdtrit(df, tail)) * sd * relative_error
        low = None if alternative == "less" else center - half_width
        high = None if alternative == "greater" else center + half_width
    return PairedTest(
        status=status,
        n=n,
        mean_baseline=mean(pairs.baseline),
        mean_variant=mean(pairs.variant),
        mean_difference=center,
        sd_difference=sd,
        standard_error=None if sd is None else sd * relative_error,
        ci_low=low,
        ci_high=high,
        t=t,
        df=df,
        p=p,
        d_z=d_z,
    )


def _status(pairs: Pairs, sd: float | None) -> str:
    if sd is None:
        return "n_lt_2"
    if pairs.baseline == pairs.variant:
        return "identical"
    largest = max(abs(value) for value in (*pairs.baseline, *pairs.variant))
    return "degenerate_zero_variance" if sd <= NO_SPREAD * largest else "ok"
