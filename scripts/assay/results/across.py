"""From runs on several data sets to one statement: which variants rank better than which.

On each data set the variants are ranked by their mean over seeds. With three variants or more: Friedman's
test, then Nemenyi's for all pairs or Holm's against the baseline. With two: Wilcoxon's signed-rank test and
the sign test over the data sets. Source: Demšar (2006), see `assay.statistics.ranks`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import UserError, choose
from assay.jsonfile import to_json
from assay.results.across_tests import Ranking, tests
from assay.results.across_words import notes, sentence
from assay.results.runs_table import RunsTable
from assay.statistics import paired, profiles
from assay.store import write_atomically

JSON_FILE = "across.json"
CSV_FILE = "across.csv"
COLUMNS = ("dataset", "variant", "n", "failed", "mean", "sd", "rank")
DESIGNS = ("all_pairs", "baseline")
THRESHOLDS = [step / 100 for step in range(101)]
LEVEL = 0.95
"""Of the profiles' bands."""
Result = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked of the data sets."""

    metric: str
    higher_is_better: bool
    baseline: str | None = None
    """The first variant unless named."""
    alpha: float = 0.05
    design: str = "all_pairs"
    """One of DESIGNS."""
    variants: Sequence[str] = ()
    """Those to rank; all of them unless named."""


def across(tables: Mapping[str, RunsTable], asked: Question) -> Result:
    """Rank the variants on every data set, and test the ranks.

    Args:
        tables: data set → its runs.
        asked: the question.

    Returns:
        The content of `across.json` (docs/datasets.md describes it).

    Raises:
        UserError: the question does not fit the tables, or no data set has a value of every variant.
    """
    names = _variants(tables, asked)
    baseline = asked.baseline or names[0]
    cells = {name: {v: _cell(table, v, asked.metric) for v in names} for name, table in tables.items()}
    whole = {name: row for name, row in cells.items() if all(cell["n"] for cell in row.values())}
    missing = {
        name: [{"variant": v, "reason": _reason(tables[name], v)} for v, cell in row.items() if not cell["n"]]
        for name, row in cells.items()
        if name not in whole
    }
    if not whole:
        dataset, lacking = next(iter(missing.items()))
        words = "; ".join(f"{item['variant']}: {item['reason']}" for item in lacking)
        raise UserError(f"no data set has {asked.metric} of all {len(names)} variants; {dataset}: {words}")
    scores = [[cell["mean"] for cell in row.values()] for row in whole.values()]
    ranking = Ranking(names, scores, baseline, asked.design, asked.alpha, asked.higher_is_better)
    by_dataset = ranking.ranks
    drawn = _profiles([tables[name] for name in whole], names, asked)
    result: Result = {
        "schema": 1,
        "metric": asked.metric,
        "higher_is_better": asked.higher_is_better,
        "baseline": baseline,
        "alpha": asked.alpha,
        "design": asked.design,
        "variants": [
            {
                "variant": name,
                "average_rank": ranking.averages[name],
                "first": sum(row[place] == min(row) for row in by_dataset),
                "score": drawn[place].pop("score"),
            }
            for place, name in enumerate(names)
        ],
        "datasets": [
            {
                "dataset": name,
                "cells": [
                    {"variant": v, **cell, "rank": rank}
                    for (v, cell), rank in zip(row.items(), by_ranks, strict=True)
                ],
            }
            for (name, row), by_ranks in zip(whole.items(), by_dataset, strict=True)
        ],
        "left_out": [{"dataset": name, "missing": found} for name, found in missing.items()],
        **tests(ranking),
        "profiles": {"thresholds": THRESHOLDS, "level": LEVEL, "variants": drawn},
    }
    return result | {"notes": notes(result), "sentence": sentence(result)}


def write_across(result: Result, out: Path) -> None:
    """Write `across.json` and, a row a data set and variant, `across.csv` into a folder."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in result["datasets"]:
        writer.writerows({"dataset": row["dataset"], **cell} for cell in row["cells"])
    write_atomically(out / CSV_FILE, text.getvalue())
    write_atomically(out / JSON_FILE, to_json(result))


def _variants(tables: Mapping[str, RunsTable], asked: Question) -> list[str]:
    """The variants to rank.

    Raises:
        UserError: one that is named is on no data set, there is but one, or the metric is not measured.
    """
    every = list(dict.fromkeys(name for table in tables.values() for name in table.runs))
    names = list(dict.fromkeys(asked.variants)) or every
    metrics = list(dict.fromkeys(metric for table in tables.values() for metric in table.metrics))
    chosen = [("variant", name, every) for name in names]
    chosen.append(("baseline", asked.baseline or names[0], names))
    if metrics:
        chosen.append(("metric", asked.metric, metrics))
    chosen.append(("design", asked.design, list(DESIGNS)))
    for key, value, choices in chosen:
        if value not in choices:
            raise UserError(f"{key}: {value!r} is not there; {choose(value, choices, key)}")
    if not 0 < asked.alpha < 1:
        raise UserError(f"alpha: must lie between 0 and 1, not {asked.alpha}")
    if len(names) < 2:
        raise UserError(f"there is one variant, {names[0]!r}: it takes two or more to rank them")
    return names


def _cell(table: RunsTable, variant: str, metric: str) -> Result:
    """One variant on one data set."""
    values = table.usable(variant, metric) if variant in table.runs else []
    return {
        "n": len(values),
        "failed": len(table.runs.get(variant, {})) - len(values),
        "mean": paired.mean(values),
        "sd": paired.standard_deviation(values),
    }


def _reason(table: RunsTable, variant: str) -> str:
    runs = table.runs.get(variant)
    return "no run" if runs is None else "no run has a value"


def _profiles(tables: Sequence[RunsTable], names: Sequence[str], asked: Question) -> list[Result]:
    """Each variant's profile over the data sets, its band, and its mean normalised score."""
    scores: list[list[list[float]]] = [[] for _ in names]
    for table in tables:
        values = [table.usable(name, asked.metric) for name in names]
        for place, found in enumerate(profiles.normalised(values, asked.higher_is_better)):
            failed = len(table.runs[names[place]]) - len(found)
            scores[place].append([*found, *([-math.inf] * failed)])
    drawn = []
    for name, own in zip(names, scores, strict=True):
        low, high = profiles.band(own, THRESHOLDS, LEVEL)
        means = [paired.mean([max(score, 0.0) for score in runs]) or 0.0 for runs in own]
        drawn.append(
            {
                "variant": name,
                "shares": profiles.profile(own, THRESHOLDS).tolist(),
                "low": low.tolist(),
                "high": high.tolist(),
                "score": paired.mean(means),
            }
        )
    return drawn
