"""What the page says, as plain values for its templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from assay.notation import MISSING, fixed, probability
from assay.report import audit, verdict
from assay.report.inputs import Inputs, samples
from assay.report.methods import methods, reproduce
from assay.words import seed_ranges

_SHORT = 12
"""Hex digits of a digest that are shown."""


def content(inputs: Inputs, store: Path) -> dict[str, Any]:
    """All names that the templates use, except the figures."""
    compared = inputs.compared
    return {
        "title": inputs.settings.question or inputs.settings.study,
        "study": inputs.settings.study,
        "notes": [part.strip() for part in inputs.settings.notes.split("\n\n") if part.strip()],
        "warnings": audit.warnings(inputs),
        "smoke": inputs.settings.smoke,
        "headline": verdict.headline(inputs),
        "marks": verdict.MARKS,
        "metric": inputs.metric,
        "baseline": compared["baseline"],
        "level": verdict.level(compared),
        "comparisons": compared["comparisons"],
        "comparison_rows": comparison_rows(inputs),
        "unit": "percentage points" if inputs.scale.is_proportion else "",
        "metrics": inputs.metrics,
        "metric_rows": metric_rows(inputs),
        "stages": list(dict.fromkeys(s for v in inputs.variants for s in v["addresses"])),
        "variants": [variant_row(inputs, variant) for variant in inputs.variants],
        "environment": audit.environment(inputs),
        "methods": methods(inputs),
        "reproduce": reproduce(inputs, store),
        "baseline_settings": _baseline_settings(inputs),
        "run_rows": [
            (run.variant, run.seed, inputs.scale.value(run.values.get(inputs.metric)),
             run.best_epoch or MISSING, run.status)
            for run in inputs.runs
        ],
    }  # fmt: skip


def comparison_rows(inputs: Inputs) -> list[dict[str, str]]:
    """The baseline's row, then a row a comparison; cells as text."""
    compared, scale = inputs.compared, inputs.scale
    tests = {test["variant"]: test for test in compared["comparisons"]}
    rows = []
    for arm in sorted(compared["summary"], key=lambda arm: arm["variant"] != compared["baseline"]):
        row = {"variant": arm["variant"], "value": scale.mean_and_sd(arm["mean"], arm["sd"])}
        test = tests.get(arm["variant"])
        if test is not None:
            t = f"t({test['df']}) = {fixed(test['t'])}" if test["status"] == "ok" else MISSING
            row |= {
                "difference": scale.difference(test),
                "interval": scale.interval(test),
                "t": t,
                "p": probability(test["p"], compared["alpha"]),
                "p_adjusted": probability(test["p_adjusted"], compared["alpha"]),
                "d_z": fixed(test["d_z"]),
                "wins": f"{test['wins']} of {test['n']}",
                "verdict": test["verdict"],
            }
        rows.append(row)
    return rows


def metric_rows(inputs: Inputs) -> list[tuple[str, list[str]]]:
    """(variant, mean ± sd of each metric); – where no run has the metric."""
    found = {(row["variant"], row["metric"]): row for row in inputs.summary.to_dict("records")}
    rows = []
    for name in inputs.names:
        cells = []
        for metric in inputs.metrics:
            row = found.get((name, metric), {"mean": None, "sd": None})
            cells.append(inputs.scale_of(metric).mean_and_sd(row["mean"], row["sd"]))
        rows.append((name, cells))
    return rows


def variant_row(inputs: Inputs, variant: Mapping[str, Any]) -> dict[str, Any]:
    """What one variant is: its changes, its addresses, its size, its data, its seeds."""
    data, parameters = variant.get("data") or {}, variant.get("parameters")
    finished = sum(run.finished for run in inputs.runs if run.variant == variant["name"])
    seeds = variant.get("seeds", [])
    anew = ", split anew by each seed" if data.get("split_per_run") else ""
    return {
        "name": variant["name"],
        "changes": [
            (key, plain(value)) for key, value in inputs.settings.overrides.get(variant["name"], {}).items()
        ],
        "addresses": variant["addresses"],
        "parameters": MISSING if parameters is None else f"{parameters:,}",
        "data": f"{data.get('source', MISSING)}: {samples(data)}{anew}" if data else MISSING,
        "digest": str(data.get("digest") or MISSING)[:_SHORT],
        "seeds": f"{seed_ranges(seeds)} ({finished} of {len(seeds)} finished)",
    }


def plain(value: Any) -> str:
    """A setting as it would stand in a study, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.removesuffix("...\n").strip()


def _baseline_settings(inputs: Inputs) -> str:
    """All settings of the baseline as YAML."""
    for variant in inputs.variants:
        if variant["name"] == inputs.baseline and variant.get("settings"):
            return yaml.safe_dump(variant["settings"], sort_keys=False, allow_unicode=True)
    return ""
