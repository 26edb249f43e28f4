"""The evaluate stage: verify that a checkpoint is what its recipe says, measure it, write the results.

metrics.json      metrics, and what the task reports beside them (confusion matrix, per class)
predictions.csv   sample index, target, prediction, a probability a class
"""

from __future__ import annotations

import csv
import io
import logging
from pathlib import Path
from typing import Any

import torch

from assay import numerics, streams
from assay.data.prepared import Prepared
from assay.errors import UserError
from assay.finished import find, read_receipt, require_digest
from assay.jsonfile import to_json
from assay.receipt import file_digests, write_receipt
from assay.recipe import Recipe, require_same
from assay.settings.evaluation import EvaluationSettings
from assay.settings.training import NumericsSettings
from assay.store import claim, write_atomically
from assay.tasks import Task
from assay.training import checkpoint
from assay.training.batches import load_part
from assay.training.build import build_task, choose_device
from assay.training.measure import measure, predict

log = logging.getLogger("assay.evaluate")


def run(
    recipe: Recipe,
    trained: Path,
    prepared: Prepared,
    out: Path,
    device: str = "auto",
    allow_mismatch: bool = False,
) -> dict[str, Any]:
    """Evaluate one run in a folder of its own and return the receipt (none where run and recipe differ).

    Args:
        recipe: what to measure; its `train` upstream is the recipe that the run must have.
        trained: folder of the run.
        prepared: the data it was trained on.
        out: folder for the results.
        device: where to compute.
        allow_mismatch: warn, instead of refusing, where run and recipe do not belong together.

    Raises:
        UserError: the run is not the recipe's, or its checkpoint is not what its receipt says.
    """
    with claim(out):
        receipt = read_receipt(trained)
        if (done := find(out)) is not None:
            return require_same(done, out, recipe, receipt["seed"])
        matches = require_match(recipe, receipt, prepared, trained, allow_mismatch)
        facts = {"seed": receipt["seed"], "train": receipt["digests"]}
        if receipt["status"] != "finished":
            log.warning(f"{trained}: {receipt['status']}; there is nothing to evaluate")
            return write_receipt(out, recipe, {}, **facts | {"status": receipt["status"]})
        settings, train_recipe = recipe.settings.evaluation, recipe.embedded["train"]
        numerics.configure(train_recipe.settings.numerics)
        where = choose_device(device)
        # as training began: a model may draw what its weights do not hold, such as random features
        streams.start(receipt["seed"], "initialisation")
        task = build_task(train_recipe.settings, prepared, where)
        path = trained / f"{settings.checkpoint}.pt"
        state = checkpoint.load(path)
        if matches:
            require_digest(trained, path.name, checkpoint.digest(state), receipt)
        checkpoint.load_weights(task, state, path)
        metrics = _write(task, prepared, settings, train_recipe.settings.numerics, out, where)
        log.info(", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))
        names = ["metrics.json", *(["predictions.csv"] if settings.predictions else [])]
        if not matches:
            log.warning("no receipt is written: this is not the result that its recipe describes")
            return {}
        return write_receipt(
            out,
            recipe,
            file_digests(out, names),
            **facts,
            checkpoint=path.name,
            data=prepared.digest,
        )


def require_match(
    recipe: Recipe, receipt: dict[str, Any], prepared: Prepared, trained: Path, allow: bool
) -> bool:
    """Refuse a run of another recipe or of other data, or warn if that is allowed; whether it matches.

    Raises:
        UserError: names both.
    """
    wanted, matches = recipe.upstream["train"], True
    for what, found, expected in (
        ("address", receipt["address"], wanted),
        ("data", receipt["data"], prepared.digest),
    ):
        if found != expected:
            text = f"{trained}: its {what} is {found}, the evaluation's is {expected}"
            if not allow:
                raise UserError(f"{text}; --allow-mismatch evaluates it all the same")
            log.warning(text)
            matches = False
    return matches


def _write(
    task: Task,
    prepared: Prepared,
    settings: EvaluationSettings,
    arithmetic: NumericsSettings,
    out: Path,
    device: torch.device,
) -> dict[str, float]:
    """Measure, write the files, return the metrics."""
    data = load_part(prepared, settings.split, device)
    sums = measure(task, data, arithmetic, device)
    metrics = task.summarize(sums)
    content = {"split": settings.split, "samples": len(data), "metrics": metrics, **task.report(sums)}
    write_atomically(out / "metrics.json", to_json(content))
    if settings.predictions:
        columns = {
            "sample": prepared.parts[settings.split].tolist(),
            **_targets(prepared, settings.split),
            **predict(task, data, arithmetic, device),
        }
        text = io.StringIO(newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))
        write_atomically(out / "predictions.csv", text.getvalue())
    return metrics


def _targets(prepared: Prepared, part: str) -> dict[str, list[float]]:
    """The columns of the targets: `target`, or `target_<name>` of several outputs."""
    values, names = prepared.targets[prepared.parts[part]], prepared.meta.get("outputs", [])
    if len(names) < 2:
        return {"target": values.reshape(len(values)).tolist()}
    return {f"target_{name}": values[:, index].tolist() for index, name in enumerate(names)}
