"""What a comparison says: its verdict, in one sentence with the numbers that carry it, and its caveats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.notation import Scale, equation, fixed, percent
from assay.settings.stages import CompareSettings
from assay.words import counted

if TYPE_CHECKING:  # a report has these words without importing SciPy's optimizers
    from assay.results.comparison import Comparison

ADJUSTED = {"holm": "Holm", "max_t": "max-t", "benjamini_hochberg": "Benjamini–Hochberg"}
"""Name of an adjustment, as a sentence says it."""
NOT_NORMAL = 0.05
"""A p value of the Shapiro–Wilk test below which the differences are said not to look normal."""
ENOUGH = 8
"""Pairs from which on that test says something: three of which two are equal are "not normal" to it."""


def judge(found: Comparison, alpha: float) -> str:
    """One of better, worse, equivalent, inconclusive, degenerate."""
    if found["status"] != "ok":
        return "degenerate"
    if found["p_adjusted"] <= alpha:
        return "better" if (found["t"] > 0) == found["higher_is_better"] else "worse"
    return "equivalent" if _is_within(found, alpha) else "inconclusive"


def sentence(found: Comparison, settings: CompareSettings, scale: Scale, adjustment: str, tested: int) -> str:
    """The outcome in plain words.

    Args:
        found: a comparison with its verdict.
        settings: alpha and margin.
        scale: how the metric is written.
        adjustment: a key of ADJUSTED.
        tested: the number of comparisons that the p values were adjusted for.
    """
    baseline, variant, metric = found["baseline"], found["variant"], found["metric"]
    unit = " percentage points" if scale.is_proportion else ""
    change = ""
    if found["mean_difference"] is not None:
        direction = "" if found["higher_is_better"] else " (lower is better)"
        change = f"{scale.difference(found)}{unit}{direction}"
    lost = len(found["dropped"])
    without = f" {counted(lost, 'seed')} {'has' if lost == 1 else 'have'} no pair." if lost else ""
    if found["verdict"] == "degenerate":
        return f"No test of {variant} against {baseline} in {metric}: {_no_test(found, change)}.{without}"
    kind = "CI" if found["p_sequential"] is None else "repeated CI"
    tail = f"; better on {found['wins']} of {counted(found['n'], 'seed')}.{without}"
    if found["verdict"] == "equivalent":
        interval = scale.interval({"ci_low": found["equivalence_low"], "ci_high": found["equivalence_high"]})
        p = _p_values(found["p_tost"], found["p_tost_adjusted"], settings.alpha, "holm", tested)
        return (
            f"{variant} and {baseline} are equivalent in {metric} within ±{_margin(settings, scale)}: "
            f"{change}, {percent(1 - 2 * settings.alpha)} {kind} {interval}, TOST {p}{tail}"
        )
    if found["verdict"] == "inconclusive":
        claim = f"No difference in {metric} between {variant} and {baseline} could be shown: {change}"
    elif found["verdict"] == "worse":
        claim = f"{variant} is worse than {baseline} in {metric}: {change}"
    elif found["mean_difference"] > 0:
        amount = scale.difference(found).removeprefix("+")
        claim = f"{variant} beats {baseline} by {amount}{unit} {'of' if unit else 'in'} {metric}"
    else:
        claim = f"{variant} beats {baseline} in {metric}: {change}"
    alone = found["p"] if found["p_sequential"] is None else found["p_sequential"]
    return (
        f"{claim}, {percent(1 - settings.alpha)} {kind} {scale.interval(found)}, "
        f"t({found['df']}) = {fixed(found['t'])}, "
        f"{_p_values(alone, found['p_adjusted'], settings.alpha, adjustment, tested)}{tail}"
    )


def notes(found: Comparison, settings: CompareSettings, scale: Scale) -> list[str]:
    """What a careful reader adds to the sentence."""
    said, n = [], found["n"]
    if found["failures_differ"]:
        said.append(
            f"{found['variant']} and {found['baseline']} lack different numbers of seeds: "
            "those that are left may mislead."
        )
    if found["status"] != "ok":
        return said
    flip, alone = found["p_sign_flip"], found["p"]
    smallest, could = equation(2 / 2**n, settings.alpha), 2 / 2**n <= settings.alpha
    if flip is not None and not could:
        said.append(f"With {n} pairs, tests by signs cannot be significant: they end at {smallest}.")
    normal = found["p_normality"]
    if normal is not None and n >= ENOUGH and normal < NOT_NORMAL:
        said.append(
            f"The differences do not look normal (Shapiro–Wilk {equation(normal, NOT_NORMAL)}); "
            f"the sign-flip test, which does not ask for that, gives {equation(flip, settings.alpha)}."
        )
    elif flip is not None and could and not settings.looks and _disagree(flip, alone, settings.alpha):
        own, other = equation(alone, settings.alpha), equation(flip, settings.alpha)
        said.append(f"The t-test ({own}) and the sign-flip test ({other}) disagree: read either with care.")
    if found["verdict"] in ("better", "worse") and _is_within(found, settings.alpha):
        margin = _margin(settings, scale)
        said.append(f"The difference is there, but within the margin of ±{margin}: it may not matter.")
    return said


def _disagree(one: float, other: float, alpha: float) -> bool:
    return (one <= alpha) != (other <= alpha)


def _is_within(found: Comparison, alpha: float) -> bool:
    """Whether the difference is shown to be smaller than the margin."""
    p = found["p_tost_adjusted"]
    return p is not None and bool(p <= alpha)


def _margin(settings: CompareSettings, scale: Scale) -> str:
    assert settings.margin is not None
    amount = f"{scale.factor * settings.margin:.3g}"
    if not scale.is_proportion:
        return amount
    return f"{amount} percentage {'point' if amount == '1' else 'points'}"


def _no_test(found: Comparison, change: str) -> str:
    """Why there is no test."""
    if found["status"] == "identical":
        return (
            f"every pair is exactly equal (n = {found['n']}): "
            "the difference between the two may never have reached the runs"
        )
    if found["status"] == "degenerate_zero_variance":
        return (
            f"the difference is {change} on all {found['n']} seeds but for rounding, "
            "and without any spread there is nothing to measure it against"
        )
    if found["n"] == 1:
        return f"it takes at least two pairs, and there is one, with a difference of {change}"
    return "it takes at least two pairs, and there is none"


def _p_values(p: float, adjusted: float, alpha: float, adjustment: str, tested: int) -> str:
    text = equation(adjusted, alpha)
    if tested == 1:
        return text
    alone = f" ({equation(p, alpha)} alone)" if p <= alpha < adjusted else ""
    return f"{text} after {ADJUSTED[adjustment]}{alone}"
