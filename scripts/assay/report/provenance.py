"""Where the numbers come from: what each variant is, its addresses, settings, how to train a run again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from assay.notation import MISSING
from assay.report import verdict
from assay.report.inputs import Inputs, samples
from assay.words import seed_ranges

_SHORT = 12
"""Hex digits of a digest that are shown."""


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


def baseline_settings(inputs: Inputs) -> str:
    """All settings of the baseline as YAML."""
    for variant in inputs.variants:
        if variant["name"] == inputs.baseline and variant.get("settings"):
            return yaml.safe_dump(variant["settings"], sort_keys=False, allow_unicode=True)
    return ""


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
