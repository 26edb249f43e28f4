"""A study's results as far as there are any: the table of its runs, before the workflow has gathered it."""

from __future__ import annotations

from pathlib import Path

from assay.finished import read_receipt, read_verified_json
from assay.plan import StudyPlan, VariantPlan
from assay.results.aggregate import run_metrics
from assay.results.runs_table import Run, RunsTable
from assay.statistics.paired import Seed
from assay.store import seed_folder


def present_runs(study: StudyPlan, store: Path) -> RunsTable:
    """The finished runs of a study that was planned with `partial`.

    Raises:
        UserError: a result is damaged.
    """
    runs = {plan.variant.name: dict(_runs(plan, store)) for plan in study.variants}
    metrics = [name for own in runs.values() for run in own.values() for name in run.values]
    return RunsTable(runs, list(dict.fromkeys(metrics)))


def _runs(plan: VariantPlan, store: Path) -> list[tuple[Seed, Run]]:
    found: list[tuple[Seed, Run]] = []
    for seed in plan.aggregate.settings.seeds:
        folder = plan.train.folder(store) / seed_folder(seed)
        receipt, history = read_receipt(folder), read_verified_json(folder, "history.json")
        values = run_metrics(plan.aggregate, store, seed, receipt, history)
        found.append((seed, Run(dict(values), {receipt["status"]} - {"finished"})))
    return found
