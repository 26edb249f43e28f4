"""From a table of runs to comparisons: each variant against the baseline, paired on the seed.

The result is a function of the table's content alone: the order of the rows of a variant makes no
difference. Differences are variant minus baseline, in units of the metric.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assay.errors import UserError
from assay.jsonfile import to_json
from assay.results.runs_table import RunsTable, read_runs, require_choice
from assay.settings.stages import CompareSettings
from assay.statistics import multiplicity, paired
from assay.store import write_atomically

JSON_FILE = "comparisons.json"
CSV_FILE = "comparisons.csv"
NUMBERS = (
    *("mean_baseline", "mean_variant", "mean_difference", "sd_difference", "standard_error"),
    *("ci_low", "ci_high", "t", "df", "p", "p_adjusted", "d_z", "wins", "losses", "ties"),
)
COLUMNS = ("baseline", "variant", "metric", "n", *NUMBERS, "status", "verdict", "sentence")
"""Keys of a comparison in the CSV file; the JSON file also has its seeds, differences, dropped."""


def compare(runs_csv: Path, settings: CompareSettings) -> dict[str, Any]:
    """Compare every other variant of a table with the baseline.

    Args:
        runs_csv: a tidy table (see `assay.results.runs_table`).
        settings: the baseline, the metric, which way it is better, alpha.

    Returns:
        The content of `comparisons.json`.

    Raises:
        UserError: the table is not valid, or the baseline, the metric or alpha is not.
    """
    table = read_runs(runs_csv)
    require_choice(runs_csv, "baseline", settings.baseline, list(table.runs))
    if table.metrics:  # a table in which no run has a result names no metric
        require_choice(runs_csv, "metric", settings.metric, table.metrics)
    if not 0 < settings.alpha < 1:
        raise UserError(f"alpha: must lie between 0 and 1, not {settings.alpha}")
    others = [variant for variant in table.runs if variant != settings.baseline]
    comparisons = [_test(table, variant, settings) for variant in others]
    tested = [comparison for comparison in comparisons if comparison["status"] == "ok"]
    adjusted = multiplicity.holm([comparison["p"] for comparison in tested])
    for comparison, p_adjusted in zip(tested, adjusted, strict=True):
        comparison["p_adjusted"] = p_adjusted
    fractions = settings.higher_is_better and _are_fractions(table, settings.metric)
    for comparison in comparisons:
        comparison["verdict"] = _verdict(comparison, settings)
        comparison["sentence"] = _sentence(comparison, settings, fractions, len(tested))
    return {
        "schema": 1,
        "metric": settings.metric,
        "higher_is_better": settings.higher_is_better,
        "baseline": settings.baseline,
        "alpha": settings.alpha,
        "adjustment": "holm",
        "summary": [_summary(table, variant, settings.metric) for variant in table.runs],
        "comparisons": comparisons,
    }


def write_comparisons(result: dict[str, Any], out: Path) -> None:
    """Write `comparisons.json` and, a row a comparison, `comparisons.csv` into a folder."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(result["comparisons"])
    write_atomically(out / CSV_FILE, text.getvalue())
    write_atomically(out / JSON_FILE, to_json(result))


def _test(table: RunsTable, variant: str, settings: CompareSettings) -> dict[str, Any]:
    """One comparison, not yet adjusted or judged."""
    metric, arms = settings.metric, (settings.baseline, variant)
    pairs = paired.join(*(table.values(arm, metric) for arm in arms))
    sign = 1 if settings.higher_is_better else -1
    found = asdict(paired.paired_t(pairs, settings.alpha)) | {
        "p_adjusted": None,
        "wins": sum(sign * difference > 0 for difference in pairs.differences),
        "losses": sum(sign * difference < 0 for difference in pairs.differences),
        "ties": pairs.differences.count(0.0),
    }
    dropped = []
    for seed in pairs.unpaired:
        reasons = {arm: table.missing(arm, seed, metric) for arm in arms}
        text = "; ".join(f"{arm}: {reason}" for arm, reason in reasons.items() if reason)
        dropped.append({"seed": seed, "reason": text})
    return {
        "baseline": settings.baseline,
        "variant": variant,
        "metric": metric,
        "n": found["n"],
        "seeds": list(pairs.seeds),
        "differences": list(pairs.differences),
        "dropped": dropped,
        **{key: found[key] for key in NUMBERS},
        "status": found["status"],
    }


def _usable(table: RunsTable, variant: str, metric: str) -> list[float]:
    """The usable values of a variant's runs, in the order of the seeds."""
    values = sorted(table.values(variant, metric).items(), key=lambda item: paired.seed_order(item[0]))
    return [value for _, value in values if paired.is_usable(value)]


def _summary(table: RunsTable, variant: str, metric: str) -> dict[str, Any]:
    values = _usable(table, variant, metric)
    sd = paired.standard_deviation(values)
    return {"variant": variant, "n": len(values), "mean": paired.mean(values), "sd": sd}


def _are_fractions(table: RunsTable, metric: str) -> bool:
    return all(0 <= value <= 1 for variant in table.runs for value in _usable(table, variant, metric))


def _verdict(comparison: dict[str, Any], settings: CompareSettings) -> str:
    if comparison["status"] != "ok":
        return "degenerate"
    if comparison["p_adjusted"] > settings.alpha:
        return "inconclusive"
    return "better" if (comparison["t"] > 0) == settings.higher_is_better else "worse"


def _sentence(found: dict[str, Any], settings: CompareSettings, fractions: bool, tested: int) -> str:
    """The outcome in plain words, with the numbers that carry it.

    Args:
        found: a comparison with its verdict.
        fractions: whether the metric is shown in percentage points.
        tested: the number of comparisons that the p values were adjusted for.
    """
    baseline, variant, metric = found["baseline"], found["variant"], found["metric"]
    show = _numbers_for(found, 100 if fractions else 1)
    unit = " percentage points" if fractions else ""
    change = ""
    if found["mean_difference"] is not None:
        direction = "" if settings.higher_is_better else " (lower is better)"
        change = f"{show(found['mean_difference'], '+')}{unit}{direction}"
    dropped = len(found["dropped"])
    without = f" {_count(dropped, 'seed')} {'has' if dropped == 1 else 'have'} no pair." if dropped else ""
    if found["verdict"] == "degenerate":
        return f"No test of {variant} against {baseline} in {metric}: {_no_test(found, change)}.{without}"
    if found["verdict"] == "inconclusive":
        claim = f"No difference in {metric} between {variant} and {baseline} could be shown: {change}"
    elif found["verdict"] == "worse":
        claim = f"{variant} is worse than {baseline} in {metric}: {change}"
    elif found["mean_difference"] > 0:
        amount = show(found["mean_difference"], "")
        claim = f"{variant} beats {baseline} by {amount}{unit} {'of' if fractions else 'in'} {metric}"
    else:
        claim = f"{variant} beats {baseline} in {metric}: {change}"
    return (
        f"{claim}, {100 * (1 - settings.alpha):.10g} % CI [{show(found['ci_low'], '')}, "
        f"{show(found['ci_high'], '')}], t({found['df']}) = {found['t']:z.2f}, "
        f"{_p_values(found, settings.alpha, tested)}; "
        f"better on {found['wins']} of {_count(found['n'], 'seed')}.{without}"
    )


def _no_test(found: dict[str, Any], change: str) -> str:
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


def _numbers_for(found: dict[str, Any], scale: int) -> Callable[[float, str], str]:
    """A format for the numbers of a comparison: two significant digits of half the interval's width,
    or of the difference where there is no interval.

    The returned function takes a number, which it multiplies by `scale`, and the sign option of
    Python's format.
    """
    width = 0.0 if found["ci_low"] is None else (found["ci_high"] - found["ci_low"]) / 2
    precision = width or abs(found["mean_difference"] or 1.0)
    decimals = max(2, 1 - math.floor(math.log10(scale * precision)))

    def show(value: float, sign: str) -> str:
        is_plain = decimals <= 6 and scale * abs(value) < 1e7
        return format(scale * value, f"{sign}z.{decimals}f" if is_plain else f"{sign}.3g")

    return show


def _p_values(found: dict[str, Any], alpha: float, tested: int) -> str:
    text = _p_value(found["p_adjusted"], alpha)
    if tested == 1:
        return text
    alone = f" ({_p_value(found['p'], alpha)} alone)" if found["p"] <= alpha < found["p_adjusted"] else ""
    return f"{text} after Holm{alone}"


def _p_value(p: float, alpha: float) -> str:
    """A p value as papers print it, with as many digits as it takes to see on which side of alpha."""
    if p < min(0.001, alpha):
        return "p < .001"
    if p > max(0.995, alpha):
        return "p > .99"
    decimals = 2 if p >= 0.1 else 3
    while (round(p, decimals) <= alpha) != (p <= alpha):
        decimals += 1
    return f"p = {p:.{decimals}f}".replace("0.", ".", 1)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
