"""What lets others repeat the study: a paragraph for a paper, and the commands for one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assay.report import audit, verdict
from assay.report.inputs import Inputs, samples
from assay.words import counted, seed_ranges


def methods(inputs: Inputs) -> str:
    """A paragraph for a paper."""
    compared = inputs.compared
    seeds = sorted({run.seed for run in inputs.runs})
    lost = sum(not run.finished for run in inputs.runs)
    seeds_said = f"{counted(len(seeds), 'random seed')} ({seed_ranges(seeds)})"
    said = [
        f"We trained {counted(len(inputs.names), 'variant')} of one experiment with "
        f"{seeds_said}{_on_data(inputs)}.{_training(inputs)}"
    ]
    if any((variant.get("data") or {}).get("split_per_run") for variant in inputs.variants):
        said.append(
            "Each seed also splits the data anew, so test samples recur among seeds, pairs are not "
            "independent, and intervals are too narrow (Nadeau & Bengio 2003)."
        )
    if lost:
        were = "was" if lost == 1 else "were"
        said.append(f"{lost} of {counted(len(inputs.runs), 'run')} gave no result and {were} left out.")
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


def _on_data(inputs: Inputs) -> str:
    found = {(v["data"].get("source"), samples(v["data"])) for v in inputs.variants if v.get("data")}
    if len(found) != 1:
        return " on data that differ between variants" if found else ""
    source, sizes = found.pop()
    return f" on {source} ({sizes} samples)"


def _training(inputs: Inputs) -> str:
    """The baseline's loop in words, as far as its settings are known."""
    baseline = next((v for v in inputs.variants if v["name"] == inputs.baseline), {})
    loop = (baseline.get("settings") or {}).get("training") or {}
    optimizer = loop.get("optimizer") or {}
    name = optimizer.get("name") if isinstance(optimizer, dict) else optimizer
    facts = [
        f"for {counted(loop['epochs'], 'epoch')}" if loop.get("epochs") else "",
        f"with {name}" if name else "",
        f"at learning rate {loop['learning_rate']:g}" if loop.get("learning_rate") else "",
        f"in batches of {loop['batch_size']}" if loop.get("batch_size") else "",
    ]
    known = [fact for fact in facts if fact]
    return f" The baseline, {inputs.baseline}, was trained {' '.join(known)}." if known else ""
