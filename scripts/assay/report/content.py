"""What the page says, as plain values for its templates: tables, captions, methods, commands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from assay.report import audit, verdict
from assay.report.inputs import Inputs
from assay.report.numbers import MISSING, fixed, plural, probability, seed_ranges

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
    return {
        "name": variant["name"],
        "changes": [
            (key, plain(value))
            for key, value in inputs.settings.overrides.get(variant["name"], {}).items()
        ],
        "addresses": variant["addresses"],
        "parameters": MISSING if parameters is None else f"{parameters:,}",
        "data": f"{data.get('source', MISSING)}: {_samples(data)}" if data else MISSING,
        "digest": str(data.get("digest") or MISSING)[:_SHORT],
        "seeds": f"{seed_ranges(seeds)} ({finished} of {len(seeds)} finished)",
    }


def methods(inputs: Inputs) -> str:
    """A paragraph for a paper."""
    compared = inputs.compared
    seeds = sorted({run.seed for run in inputs.runs})
    lost = sum(not run.finished for run in inputs.runs)
    seeds_said = f"{plural(len(seeds), 'random seed')} ({seed_ranges(seeds)})"
    said = [
        f"We trained {plural(len(inputs.names), 'variant')} of one experiment with "
        f"{seeds_said}{_on_data(inputs)}.{_training(inputs)}"
    ]
    if lost:
        were = "was" if lost == 1 else "were"
        said.append(f"{lost} of {plural(len(inputs.runs), 'run')} gave no result and {were} left out.")
    tests = verdict.tested(compared)
    if tests:
        others = "the other variant" if len(inputs.names) == 2 else "each other variant"
        said.append(
            f"We compared {others} with {compared['baseline']} on {inputs.metric} by two-sided paired "
            "t-tests over seeds: runs with the same seed form a pair."
        )
        if tests > 1:
            said.append(f"p values are adjusted for {tests} comparisons by Holm's method (1979).")
        said.append(
            f"The significance level is {compared['alpha']:g}; intervals are {verdict.level(compared)} "
            "confidence intervals of the mean paired difference, not adjusted; d_z is the mean "
            "difference divided by the standard deviation of the differences."
        )
    wanted = ("Python version", "PyTorch version", "NumPy version")
    versions = [
        f"{name.removesuffix(' version')} {value}"
        for name, value in audit.environment(inputs)
        if name in wanted
    ]
    if versions:
        said.append(f"Software: {', '.join(versions)}.")
    return " ".join(said)


def reproduce(inputs: Inputs, store: Path) -> dict[str, Any] | None:
    """How to train one run of the best variant again; None if there is no finished run."""
    chosen = verdict.best(inputs)
    runs = sorted((r for r in inputs.runs if r.finished), key=lambda run: run.variant != chosen)
    if not runs:
        return None
    run = runs[0]
    address = next(v["addresses"]["train"] for v in inputs.variants if v["name"] == run.variant)
    # An absolute path belongs to one machine, and the report's bytes may not depend on it.
    root = '"$ASSAY_RESULTS"' if store.is_absolute() else store.as_posix()
    folder = f"{root}/train/{address}"
    return {
        "variant": run.variant,
        "seed": run.seed,
        "variable": store.is_absolute(),
        "train": f"python scripts/train.py --recipe {folder}/recipe.yaml --seed {run.seed} --out again",
        "compare": f"diff {folder}/seed-{run.seed}/receipt.json again/receipt.json",
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


def _samples(data: Mapping[str, Any]) -> str:
    return ", ".join(f"{count:,} {part}" for part, count in data.get("samples", {}).items())


def _on_data(inputs: Inputs) -> str:
    found = {(v["data"].get("source"), _samples(v["data"])) for v in inputs.variants if v.get("data")}
    if len(found) != 1:
        return " on data that differ between variants" if found else ""
    source, samples = found.pop()
    return f" on {source} ({samples} samples)"


def _training(inputs: Inputs) -> str:
    """The baseline's loop in words, as far as its settings are known."""
    baseline = next((v for v in inputs.variants if v["name"] == inputs.baseline), {})
    loop = (baseline.get("settings") or {}).get("training") or {}
    optimizer = loop.get("optimizer") or {}
    name = optimizer.get("name") if isinstance(optimizer, dict) else optimizer
    facts = [
        f"for {plural(loop['epochs'], 'epoch')}" if loop.get("epochs") else "",
        f"with {name}" if name else "",
        f"at learning rate {loop['learning_rate']:g}" if loop.get("learning_rate") else "",
        f"in batches of {loop['batch_size']}" if loop.get("batch_size") else "",
    ]
    known = [fact for fact in facts if fact]
    return f" The baseline, {inputs.baseline}, was trained {' '.join(known)}." if known else ""
