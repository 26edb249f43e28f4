"""A study's results as far as there are any: the table of its runs, before the workflow has gathered it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assay.plan import StudyPlan, VariantPlan
from assay.results.aggregate import read_run
from assay.results.runs_table import Run, RunsTable
from assay.statistics.paired import Seed


def present_runs(study: StudyPlan, store: Path) -> RunsTable:
    """The finished runs of a study that was planned with `partial`.

    Raises:
        UserError: a result is damaged, or another run's.
    """
    runs = {plan.variant.name: dict(_runs(plan, store)) for plan in study.variants}
    metrics = [name for own in runs.values() for run in own.values() for name in run.values]
    return RunsTable(runs, list(dict.fromkeys(metrics)))


def _runs(plan: VariantPlan, store: Path) -> Iterator[tuple[Seed, Run]]:
    for seed in plan.aggregate.settings.seeds:
        receipt, _, metrics = read_run(plan.aggregate, store, seed)
        yield seed, Run(dict(metrics), {receipt["status"]} - {"finished"})
