"""One comparison of two variants on one metric: every number of it, before families are adjusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assay.results.planning import Demand, detectable, seeds_needed
from assay.results.runs_table import RunsTable
from assay.settings.stages import CompareSettings
from assay.statistics import (
    bayesian,
    effect_size,
    equivalence,
    normality,
    paired,
    permutation,
    sequential,
    wilcoxon,
)
from assay.statistics.alternative import Alternative
from assay.statistics.paired import Pairs, Seed
from assay.statistics.rounding import round_off

Comparison = dict[str, Any]
"""As in `comparisons.json` (see docs/statistics.md)."""

T_TEST = (
    *("mean_baseline", "mean_variant", "sd_baseline", "sd_variant", "mean_difference", "sd_difference"),
    *("standard_error", "ci_low", "ci_high", "t", "df", "p", "p_better", "p_sequential", "p_adjusted"),
)
EFFECT = ("d_z", "d_z_ci_low", "d_z_ci_high", "hedges_g_av", "probability_of_improvement")
COUNTS = ("wins", "losses", "ties")
ROBUST = ("p_sign_flip", "sign_flip_exact", "p_wilcoxon", "p_normality")
EQUIVALENCE = ("p_tost", "p_tost_adjusted", "equivalence_low", "equivalence_high")
PLANNING = ("power_mde", "seeds_needed")
PATTERNS = 2**20
"""Sign patterns that are all counted, up to 20 pairs; beyond, as many are drawn."""
NUMBERS = (*T_TEST, *EFFECT, *COUNTS, *ROBUST, *EQUIVALENCE, *PLANNING)
"""Keys of a comparison that are numbers, in the order of its files; None where there is no such number."""


@dataclass(frozen=True)
class Question:
    """What is asked of a table: two variants, a metric, and how strictly."""

    baseline: str
    variant: str
    metric: str
    higher_is_better: bool
    family: int
    """Number of comparisons that share alpha."""


def measure(table: RunsTable, question: Question, settings: CompareSettings, thorough: bool) -> Comparison:
    """Compare two variants on the seeds that both have.

    Args:
        table: of runs.
        question: what is compared.
        settings: alpha, margin, looks and the like.
        thorough: all numbers; otherwise the t-test and what it needs.

    Returns:
        A comparison without adjusted p values, verdict, notes and sentence.
    """
    metric, arms = question.metric, (question.baseline, question.variant)
    pairs = paired.join(*(table.values(arm, metric) for arm in arms))
    alpha = level(table, settings, settings.alpha)
    test = asdict(paired.paired_t(pairs, alpha, resampling=settings.resampling))
    numbers = dict.fromkeys(NUMBERS) | {key: _finite(test[key]) for key in T_TEST if key in test}
    sign, noise = 1 if question.higher_is_better else -1, round_off(pairs.differences)
    numbers |= {
        "d_z": test["d_z"],
        "sd_baseline": paired.standard_deviation(pairs.baseline),
        "sd_variant": paired.standard_deviation(pairs.variant),
        "wins": sum(sign * difference > noise for difference in pairs.differences),
        "losses": sum(sign * difference < -noise for difference in pairs.differences),
        "ties": sum(abs(difference) <= noise for difference in pairs.differences),
    }
    bayes = None
    if test["status"] == "ok":
        numbers |= _directed(pairs, table, question, settings, test)
        if settings.margin is not None and metric == settings.metric:
            numbers |= _equivalence(pairs, table, settings, settings.margin)
        if thorough:
            numbers |= _thorough(pairs, table, question, settings, test)
        if thorough and settings.bayesian and settings.margin is not None:
            bayes = _posterior(pairs, sign, settings.margin, settings.resampling)
    dropped = [_dropped(table, arms, seed, metric) for seed in pairs.unpaired]
    return {
        **{key: getattr(question, key) for key in ("baseline", "variant", "metric", "higher_is_better")},
        "n": len(pairs.seeds),
        "seeds": list(pairs.seeds),
        "differences": list(pairs.differences),
        "dropped": dropped,
        **numbers,
        "bayes": bayes,
        "worst_case": _worst_case(table, pairs, question, settings, alpha) if dropped else None,
        "failures_differ": len({*lost(table, arms, metric)}) > 1,
        "status": test["status"],
    }


def _finite(value: float | None) -> float | None:
    """No end of an interval where the level is so small that there is none."""
    return value if value is None or math.isfinite(value) else None


def level(table: RunsTable, settings: CompareSettings, alpha: float, at_last: bool = False) -> float:
    """The two-sided level of an interval: alpha, or what of it this or the last of the declared looks has."""
    if not settings.looks:
        return alpha
    which = len(settings.looks) if at_last else look(table, settings)
    return sequential.interval_level(which, settings.looks, alpha, settings.spending)


def over_looks(p: float, table: RunsTable, settings: CompareSettings) -> float:
    """A two-sided p value that accounts for the looks that were declared."""
    if not settings.looks:
        return p
    return sequential.sequential_p(p, look(table, settings), settings.looks, settings.spending)


def look(table: RunsTable, settings: CompareSettings) -> int:
    """Which of the declared looks this is, from 1.

    Raises:
        ValueError: the table's number of seeds is none of them.
    """
    return settings.looks.index(len(table.seeds)) + 1


def lost(table: RunsTable, arms: Sequence[str], metric: str) -> list[int]:
    """For each variant, how many of the seeds that any of these variants has give it no usable value."""
    seeds = {seed for arm in arms for seed in table.runs[arm]}
    return [sum(bool(table.missing(arm, seed, metric)) for seed in seeds) for arm in arms]


def _directed(
    pairs: Pairs, table: RunsTable, question: Question, settings: CompareSettings, test: dict[str, Any]
) -> dict[str, Any]:
    """p values that know which way is better, or at which look they were seen."""
    alternative: Alternative = "greater" if question.higher_is_better else "less"
    better = paired.paired_t(pairs, settings.alpha, alternative, settings.resampling)
    found: dict[str, Any] = {"p_better": better.p}
    if settings.looks:
        found["p_sequential"] = over_looks(test["p"], table, settings)
    return found


def _equivalence(pairs: Pairs, table: RunsTable, settings: CompareSettings, margin: float) -> dict[str, Any]:
    alpha = level(table, settings, 2 * settings.alpha) / 2  # of each of two one-sided tests
    found = equivalence.tost(pairs, margin, alpha, settings.resampling)
    return {"p_tost": found.p, "equivalence_low": found.ci_low, "equivalence_high": found.ci_high}


def _thorough(
    pairs: Pairs, table: RunsTable, question: Question, settings: CompareSettings, test: dict[str, Any]
) -> dict[str, Any]:
    """Effect sizes, tests that assume less, and what this study could have found."""
    n, higher = len(pairs.seeds), question.higher_is_better
    arms = (pairs.baseline, pairs.variant) if higher else (pairs.variant, pairs.baseline)
    share = settings.alpha / question.family
    now = Demand(level(table, settings, share), settings.power, settings.resampling)
    found: dict[str, Any] = {
        "hedges_g_av": effect_size.hedges_g_av(pairs),
        "probability_of_improvement": effect_size.probability_of_improvement(*arms),
        "power_mde": detectable(test["sd_difference"], n, now),
    }
    if settings.margin is not None:
        last = Demand(level(table, settings, share, at_last=True), settings.power, settings.resampling)
        found["seeds_needed"] = seeds_needed(test["sd_difference"], settings.margin, last)
    if settings.resampling:  # pairs share samples: their signs are not exchangeable, nor are they independent
        return found
    flip = permutation.sign_flip(pairs.differences, PATTERNS)
    low, high = effect_size.d_z_interval(test["d_z"], n, level(table, settings, settings.alpha))
    return found | {
        "d_z_ci_low": low,
        "d_z_ci_high": high,
        "p_sign_flip": flip.p,
        "sign_flip_exact": flip.exact,
        "p_wilcoxon": wilcoxon.signed_rank(pairs.differences).p,
        "p_normality": normality.shapiro_wilk(pairs.differences),
    }


def _posterior(pairs: Pairs, sign: int, margin: float, resampling: float) -> dict[str, float]:
    found = bayesian.correlated_t(pairs, margin, resampling / (1 + resampling))
    assert found is not None  # as there is a t-test
    worse, better = (found.left, found.right) if sign > 0 else (found.right, found.left)
    return {"worse": worse, "equivalent": found.rope, "better": better}


def _dropped(table: RunsTable, arms: tuple[str, str], seed: Seed, metric: str) -> dict[str, Any]:
    reasons = [(arm, table.missing(arm, seed, metric)) for arm in arms]
    return {"seed": seed, "reason": "; ".join(f"{arm}: {reason}" for arm, reason in reasons if reason)}


def _worst_case(
    table: RunsTable, pairs: Pairs, question: Question, settings: CompareSettings, alpha: float
) -> dict[str, Any] | None:
    """The same test if every lost value had been the worst one for the variant.

    What the variant lost becomes the worst value that either arm has, what the baseline lost the best.
    """
    arms = [table.values(arm, question.metric) for arm in (question.baseline, question.variant)]
    usable = [value for values in arms for value in values.values() if paired.is_usable(value)]
    if not usable:
        return None
    ends = (max(usable), min(usable)) if question.higher_is_better else (min(usable), max(usable))
    filled = [
        {seed: values[seed] if paired.is_usable(values.get(seed)) else end for seed in {*arms[0], *arms[1]}}
        for values, end in zip(arms, ends, strict=True)
    ]
    found = asdict(paired.paired_t(paired.join(*filled), alpha, resampling=settings.resampling))
    return {key: found[key] for key in ("n", "mean_difference", "ci_low", "ci_high", "t", "df", "p")}
