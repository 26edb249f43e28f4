"""A store in which every result of a study is finished, without any training: its numbers are made up.

    python tests/benchmarks/made_up_store.py STUDY [UNTIL]     in the root of a project

Tables of variants are the workflow's own work; other results have the files that later stages, and the
commands that list results, read. UNTIL is the last stage that gets its results: `report` unless given.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay import finished
from assay.jobs import Job, jobs
from assay.jsonfile import to_json
from assay.plan import load_plan
from assay.receipt import file_digests
from assay.recipe import to_yaml
from assay.results.aggregate import aggregate_variant
from assay.settings.stages import STAGES
from assay.store import RECIPE, claim, seed_of

_ENVIRONMENT = {"started": "2026-01-01T00:00:00+00:00", "versions": {"torch": "2.0"}, "device": "cpu"}
_META = {
    "source": "made up",
    "samples": {"train": 1, "validation": 1, "test": 1},
    "classes": ["0", "1"],
    "input_shape": [1],
}


def write_study(file: Path, variants: int, seeds: int, first: float = 0.001) -> None:
    """A study that is a grid of learning rates; `first` is the first of them."""
    rates = ", ".join([str(first), *(f"{0.001 + index * 1e-6:.6f}" for index in range(1, variants))])
    file.write_text(
        "base:\n"
        "  data: {source: digits}\n"
        "  model: {name: mlp, widths: [8]}\n"
        "  training: {epochs: 1}\n"
        "grid:\n"
        f"  training.learning_rate: [{rates}]\n"
        f"seeds: {seeds}\n"
        "comparisons: {metric: accuracy}\n"
    )


def fill(study: str, until: str = "report") -> None:
    """Put a result at every place of a study, up to a stage."""
    plan = load_plan(study=study)
    plan.write_recipes()
    last = list(STAGES).index(until)
    for job in jobs(plan.studies[0]):
        if list(STAGES).index(job.recipe.stage) <= last:
            _finish(job, plan.store)


def _finish(job: Job, store: Path) -> None:
    recipe, folder = job.recipe, job.folder(store)
    with claim(folder):
        if recipe.stage == "aggregate/variant":
            aggregate_variant(recipe, store, folder)
            return
        files, facts = _made_up(job)
        for name, content in files.items():
            (folder / name).write_text(content)
        receipt: dict[str, Any] = {"stage": recipe.stage, "address": recipe.address, "status": "finished"}
        receipt |= facts | {"digests": file_digests(folder, [name for name in files if name != RECIPE])}
        finished.finish(folder, to_json(receipt))


def _made_up(job: Job) -> tuple[dict[str, str], Mapping[str, Any]]:
    """Files by name, and what the receipt says beside their digests."""
    if job.recipe.stage == "prepare":
        return {"meta.json": to_json(_META)}, {}
    if job.recipe.stage not in ("train", "evaluate"):
        return {"made_up.txt": "made up\n"}, {}
    seed = seed_of(job.part)
    drawn = random.Random(f"{job.recipe.address} {seed}")
    facts: dict[str, Any] = {"seed": seed, "data": "0" * 64}
    if job.recipe.stage == "evaluate":
        metrics = {"accuracy": drawn.gauss(0.9, 0.01), "loss": drawn.gauss(0.3, 0.02)}
        content = {"split": "test", "samples": 1, "metrics": metrics}
        return {"metrics.json": to_json(content)}, facts | {"train": {}, "checkpoint": "best.pt"}
    row = {"epoch": 1, "train_loss": drawn.gauss(0.4, 0.02), "val_loss": drawn.gauss(0.3, 0.02)}
    history = {"status": "finished", "best_epoch": 1, "history": [row | {"val_accuracy": 0.9}]}
    facts |= {"best_epoch": 1, "monitor": "val_loss", "best_value": row["val_loss"], "parameters": 100}
    files = {"history.json": to_json(history), "environment.json": to_json(_ENVIRONMENT)}
    return files | {RECIPE: to_yaml(job.recipe)}, facts


if __name__ == "__main__":
    os.fsync = lambda descriptor: None  # type: ignore[assignment]  # nothing here is worth a disk's wait
    fill(*sys.argv[1:])
