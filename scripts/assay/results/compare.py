"""From a table of runs to comparisons: variants against the baseline or each other, paired on the seed.

The result is a function of the table's content alone: the order of the rows of a variant makes no
difference. Differences are variant minus baseline, in units of the metric.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from assay.errors import Problem, UserError, fail
from assay.jsonfile import to_json
from assay.results.comparison import (
    NUMBERS,
    Comparison,
    Question,
    look,
    lost,
    measure,
    over_looks,
)
from assay.results.runs_table import RunsTable, read_runs, require_choice
from assay.results.verdict import judge, notes, sentence
from assay.settings.comparisons import contradictions
from assay.settings.stages import CompareSettings
from assay.statistics import multiplicity, paired, robust
from assay.statistics.max_t import max_t
from assay.store import write_atomically

SCHEMA = 2
"""Version of `comparisons.json`; docs/statistics.md describes it."""
JSON_FILE = "comparisons.json"
CSV_FILE = "comparisons.csv"
COLUMNS = ("baseline", "variant", "metric", "n", *NUMBERS, "failures_differ", "status", "verdict", "sentence")
"""Keys of a comparison in the CSV file; the JSON file also has what is no single value."""

Adjust = Callable[[Sequence[float]], list[float]]


def compare(runs_csv: Path, settings: CompareSettings) -> dict[str, Any]:
    """Make the comparisons that the settings ask for.

    Args:
        runs_csv: a tidy table (see `assay.results.runs_table`).
        settings: the baseline, the metrics, which way they are better, alpha, …

    Returns:
        The content of `comparisons.json`.

    Raises:
        UserError: the table is not valid, or does not hold what the settings name.
    """
    table = read_runs(runs_csv)
    _require(runs_csv, table, settings)
    pairs = compared_pairs(table.runs, settings)

    def family(metric: str, higher_is_better: bool, thorough: bool) -> list[Comparison]:
        asked = [Question(*pair, metric, higher_is_better, len(pairs)) for pair in pairs]
        return [measure(table, question, settings, thorough) for question in asked]

    primary = family(settings.metric, settings.higher_is_better, True)
    others = {metric: way for metric, way in settings.secondary.items() if metric in table.metrics}
    secondary = [found for metric, way in others.items() for found in family(metric, way, False)]
    adjust: Adjust = multiplicity.holm
    if settings.adjustment == "max_t" and sum(found["status"] == "ok" for found in primary) > 1:
        adjust = _by_max_t(primary)
    _conclude(primary, table, settings, settings.adjustment, adjust)
    _conclude(secondary, table, settings, "benjamini_hochberg", multiplicity.benjamini_hochberg)
    return {
        "schema": SCHEMA,
        "metric": settings.metric,
        "higher_is_better": settings.higher_is_better,
        "baseline": settings.baseline,
        "alpha": settings.alpha,
        "design": settings.design,
        "adjustment": settings.adjustment,
        "margin": settings.margin,
        "power": settings.power,
        "looks": _looks(table, settings),
        "resampling": settings.resampling,
        "earlier": settings.earlier,
        "summary": [_summary(table, variant, settings) for variant in table.runs],
        "comparisons": primary,
        "secondary": secondary,
    }


def compared_pairs(variants: Iterable[str], settings: CompareSettings) -> list[tuple[str, str]]:
    """(baseline, variant) of each comparison on one metric."""
    arms = [variant for variant in variants if variant not in settings.exclude]
    if settings.design == "all_pairs":
        return list(combinations(arms, 2))
    return [(settings.baseline, variant) for variant in arms if variant != settings.baseline]


def write_comparisons(result: dict[str, Any], out: Path) -> None:
    """Write `comparisons.json` and, a row a comparison, `comparisons.csv` into a folder."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*result["comparisons"], *result["secondary"]])
    write_atomically(out / CSV_FILE, text.getvalue())
    write_atomically(out / JSON_FILE, to_json(result))


def _require(runs_csv: Path, table: RunsTable, settings: CompareSettings) -> None:
    """Refuse settings that the table cannot answer."""
    fail(Problem("", ".".join(map(str, at)), text) for at, text in contradictions(settings))
    variants = list(table.runs)
    for key, name in (("baseline", settings.baseline), *(("exclude", name) for name in settings.exclude)):
        require_choice(runs_csv, key, name, variants)
    if table.metrics:  # a table in which no run has a result names no metric
        require_choice(runs_csv, "metric", settings.metric, table.metrics)
        for metric in settings.secondary:
            if metric == settings.metric:
                raise UserError(f"secondary: {metric!r} is the metric that decides")
    if settings.adjustment == "max_t" and settings.resampling:
        raise UserError(
            "adjustment: max_t needs independent pairs; where each seed splits the data, use holm"
        )
    seeds = len(table.seeds)
    if settings.looks and seeds not in settings.looks:
        raise UserError(f"{runs_csv}: holds {seeds} seeds, which is none of looks: {settings.looks}")


def _by_max_t(comparisons: list[Comparison]) -> Adjust:
    """The adjustment by the largest |t|, never below the t-test's own p value."""
    tested = [found for found in comparisons if found["status"] == "ok"]
    shared = max_t([dict(zip(found["seeds"], found["differences"], strict=True)) for found in tested])
    return lambda p_values: [max(p, joint) for p, joint in zip(p_values, shared, strict=True)]


def _conclude(
    comparisons: list[Comparison],
    table: RunsTable,
    settings: CompareSettings,
    adjustment: str,
    adjust: Adjust,
) -> None:
    """Adjust a family's p values; then verdicts, notes and sentences."""
    tested = [found for found in comparisons if found["status"] == "ok"]
    alone = [over_looks(found["p"], table, settings) for found in tested]
    for found, p in zip(tested, adjust(alone), strict=True):
        found["p_adjusted"] = p
    within = [found for found in tested if found["p_tost"] is not None]
    one_sided = [found["p_tost"] for found in within]
    if settings.looks:
        one_sided = [max(p, over_looks(min(1.0, 2 * p), table, settings) / 2) for p in one_sided]
    for found, p in zip(within, multiplicity.holm(one_sided), strict=True):
        found["p_tost_adjusted"] = p
    scales = {metric: table.scale(metric) for metric in {found["metric"] for found in comparisons}}
    for found in comparisons:
        scale = scales[found["metric"]]
        found["verdict"] = judge(found, settings.alpha)
        found["notes"] = notes(found, settings, scale)
        found["sentence"] = sentence(found, settings, scale, adjustment, len(tested))


def _summary(table: RunsTable, variant: str, settings: CompareSettings) -> dict[str, Any]:
    values = table.usable(variant, settings.metric)
    interval = robust.bootstrap_interval(values, robust.interquartile_means, settings.alpha)
    low, high = interval or (None, None)
    return {
        "variant": variant,
        "metric": settings.metric,
        "n": len(values),
        "mean": paired.mean(values),
        "sd": paired.standard_deviation(values),
        "iqm": robust.interquartile_mean(values),
        "iqm_low": low,
        "iqm_high": high,
        "failed": lost(table, [variant], settings.metric)[0],
    }


def _looks(table: RunsTable, settings: CompareSettings) -> dict[str, Any] | None:
    if not settings.looks:
        return None
    return {"planned": settings.looks, "look": look(table, settings), "spending": settings.spending}
