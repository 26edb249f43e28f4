"""How far a study is: each run done, running, failed or missing; and what to say at the end of a call."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.errors import UserError
from assay.finished import SEAL, is_finished, read_receipt
from assay.places import Begun, Place, split_folder
from assay.plan import Plan, StudyPlan, VariantPlan
from assay.program import failure_reason
from assay.recipe import Recipe
from assay.remembered import Remembered
from assay.store import RECEIPT, can_continue, is_claimed, seed_folder
from assay.views import view_folder

STATES = ("done", "diverged", "running", "interrupted", "failed", "missing")


@dataclass(frozen=True)
class RunStatus:
    """One run of a study."""

    variant: str
    seed: int
    state: str
    """One of STATES."""
    epoch: int = 0
    epochs: int = 0
    seconds_left: float | None = None
    reason: str = ""


def run_statuses(plan: StudyPlan, store: Path) -> Iterator[RunStatus]:
    """The status of every run of a study, in its order."""
    remembered, begun = Remembered(store, f"statuses-{plan.study.name}"), Begun(store)
    for variant in plan.variants:
        for seed in plan.study.seeds:
            measured = _place(variant.measured, seed)
            if measured in begun and is_finished(folder := f"{store}/{measured.path}"):
                yield _finished(variant, seed, folder, remembered)
            else:
                yield _unfinished(variant, seed, store, begun)
    remembered.save()


def _place(recipe: Recipe, seed: int) -> Place:
    return Place(recipe.stage, recipe.address, seed_folder(seed))


def _finished(variant: VariantPlan, seed: int, measured: str, remembered: Remembered) -> RunStatus:
    """The status of a run by its last result, in the folder `measured`."""
    name, epochs = variant.variant.name, variant.variant.settings.training.epochs
    files = (f"{measured}/{RECEIPT}", f"{measured}/{SEAL}")
    try:
        status = remembered.of(files[0], files, lambda: str(read_receipt(Path(measured))["status"]))
    except UserError as error:
        return RunStatus(name, seed, "failed", epochs, epochs, reason=str(error))
    if status == "finished":
        return RunStatus(name, seed, "done", epochs, epochs)
    return RunStatus(name, seed, "diverged", epochs, epochs, reason=status)


def _unfinished(variant: VariantPlan, seed: int, store: Path, begun: Begun) -> RunStatus:
    """The status of a run whose last result is not there."""
    name, epochs = variant.variant.name, variant.variant.settings.training.epochs
    place = _place(variant.train, seed)
    run = place.folder(store) if place in begun else None
    if run and is_finished(run):
        measured = variant.measured.folder(store) / seed_folder(seed)
        state = "running" if is_claimed(measured) else "missing"
        if reason := failure_reason(measured):
            return RunStatus(name, seed, "failed", epochs, epochs, reason=f"evaluation: {reason}")
        return RunStatus(name, seed, state, epochs, epochs, reason="trained, not evaluated")
    if run and is_claimed(run):
        epoch, left = _progress(run / "events.jsonl")
        return RunStatus(name, seed, "running", epoch, epochs, left)
    reason = failure_reason(run) if run else None
    prepared = Place("prepare", variant.prepare.address, split_folder(variant.prepare, seed))
    if not reason and prepared in begun and not is_finished(folder := prepared.folder(store)):
        reason = failure_reason(folder)
    if run and not reason and can_continue(run):
        epoch, _ = _progress(run / "events.jsonl")
        return RunStatus(name, seed, "interrupted", epoch, epochs)
    return RunStatus(name, seed, "failed" if reason else "missing", 0, epochs, reason=reason or "")


def _progress(events: Path) -> tuple[int, float | None]:
    """The last epoch of a run that is going on, and about how many seconds it still needs."""
    try:
        told = [json.loads(line) for line in events.read_text().splitlines() if line.endswith("}")]
    except (OSError, json.JSONDecodeError):
        return 0, None
    starts = [index for index, event in enumerate(told) if event["event"] in ("on_start", "on_resume")]
    epochs = [event["epoch"] for event in told if event["event"] == "on_epoch_end"]
    since = told[starts[-1] :] if starts else []
    own = [event for event in since if event["event"] == "on_epoch_end"]
    if not own:
        return (epochs[-1] if epochs else 0), None
    last, first = own[-1], since[0].get("epoch", 1)
    done, total = last["epoch"], last["total_epochs"]
    left = last["elapsed"] / (done - first + 1) * (total - done) - (time.time() - last["time"])
    return done, max(0.0, left)


def summary(plan: Plan) -> str:
    """The end of a call: where the reports are, what failed and why."""
    lines = []
    for study in plan.studies:
        statuses = list(run_statuses(study, plan.store))
        failed = [status for status in statuses if status.state == "failed"]
        report = view_folder(plan.store, study.study.name) / "report.html"
        if report.exists() and is_finished(study.report.folder(plan.store)):
            lines.append(f"Report: {report}")
        else:
            counts = Counter(status.state for status in statuses)
            told = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
            lines.append(f"{study.study.name}: no report yet ({told})")
        for status in failed:
            lines.append(f"  failed: {status.variant}, seed {status.seed}: {status.reason}")
        if failed:
            lines.append(
                "  Run snakemake again to try these again, or with --config partial=true "
                "to report on what exists."
            )
    return "\n".join(lines)
