"""The table of all runs: every value, what training took, how it ended, and links to its files.

Links are relative and lead from the page to the store both from the report's own folder and from the
study's view, which lie at the same depth.
"""

from __future__ import annotations

from urllib.parse import quote

from assay.notation import MISSING, metric_label
from assay.report.inputs import Inputs, Run
from assay.report.summaries import seconds_text
from assay.report.tables import Cell, Column, Table, number, text
from assay.words import counted

STORE = "../.."
"""The store, seen from `<store>/report/<address>/` and from `<store>/studies/<study>/`."""
_SHOWN = 5
"""Metrics that are shown before all are asked for."""


def runs(inputs: Inputs) -> Table:
    """A row a run, in the study's order."""
    units = {metric: inputs.scale_of(metric) for metric in inputs.metrics}
    percent = {metric: " (%)" if scale.is_proportion else "" for metric, scale in units.items()}
    columns = [
        Column("variant", "text"),
        Column("seed"),
        *(
            Column(metric_label(metric) + percent[metric], extra=place >= _SHOWN)
            for place, metric in enumerate(inputs.metrics)
        ),
        Column("best epoch"),
        Column("time"),
        Column("status", "text"),
        Column("log", "text"),
        Column("folder", "text"),
    ]
    rows = [
        [
            text(run.variant),
            number(str(run.seed), run.seed),
            *(
                number(units[metric].number(run.values.get(metric)), run.values.get(metric))
                for metric in inputs.metrics
            ),
            number(str(run.best_epoch or MISSING), run.best_epoch),
            number(
                seconds_text(run.cost.seconds if run.cost else None), run.cost.seconds if run.cost else None
            ),
            text(run.status),
            *_links(run),
        ]
        for run in inputs.runs
    ]
    of = counted(len(inputs.names), "variant")
    return Table("runs", f"{counted(len(rows), 'run')} of {of}", columns, rows)


def _links(run: Run) -> tuple[Cell, Cell]:
    """The run's log, that of the failure where there is one, and its folder."""
    folder = f"{STORE}/{quote(run.folder)}" if run.folder else ""
    order = ("train.log", "error.log") if run.finished else ("error.log", "train.log")
    log = next((name for name in order if name in run.files), "")
    return (
        Cell(log or MISSING, "", f"{folder}/{log}" if log else ""),
        Cell("open" if folder else MISSING, run.folder, f"{folder}/" if folder else ""),
    )
