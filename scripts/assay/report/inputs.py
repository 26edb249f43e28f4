"""What the report is made from: files of aggregate and compare, and what runs left; nothing is computed."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from assay import plain_recipes
from assay.finished import read_verified, read_verified_json
from assay.notation import Scale
from assay.recipe import Recipe, from_yaml
from assay.report import measured
from assay.report.histories import History, finite, read_histories
from assay.report.measured import RunCost
from assay.results.runs_table import RunsTable, read_runs
from assay.settings.stages import ReportSettings
from assay.store import RECIPE, seed_folder

LINKED = ("train.log", "error.log")
"""Files of a run that the page links to where they are."""


@dataclass(frozen=True)
class Run:
    """One variant trained with one seed, or the attempt to."""

    variant: str
    seed: int
    status: str
    """`finished`, or why there is no result."""
    values: Mapping[str, float]
    """Metric → value."""
    best_epoch: int | None
    environment: Mapping[str, Any]
    """As in `environment.json`; empty where none is recorded."""
    code: Mapping[str, str]
    """Module → digest of the code that computed it, as in the run's `recipe.yaml`; empty where none is."""
    folder: str = ""
    """The run's folder below the store, with forward slashes."""
    files: frozenset[str] = frozenset()
    """Which of LINKED lie in it."""
    cost: RunCost | None = None
    """What it took to train; None where nothing is recorded."""
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    """As in the evaluation's `metrics.json`; empty where there is none."""

    @property
    def finished(self) -> bool:
        """Whether the run has a result."""
        return self.status == "finished"


@dataclass(frozen=True)
class Inputs:
    """A study's results."""

    settings: ReportSettings
    runs: list[Run]
    """In the study's order of variants, then by seed."""
    summary: list[dict[str, Any]]
    """Rows of variant, metric, n, mean, sd, minimum, maximum; NaN where there is no number."""
    histories: list[History]
    """Of the runs that have one."""
    variants: list[dict[str, Any]]
    """As in `study.json`, in the study's order; `settings` of training and `source` of the data, where a
    recipe has them."""
    compared: dict[str, Any]
    """As in `comparisons.json`."""

    @cached_property
    def names(self) -> list[str]:
        """The variants in the study's order."""
        return [variant["name"] for variant in self.variants]

    @property
    def metric(self) -> str:
        """The metric that decides."""
        return str(self.compared["metric"])

    @property
    def baseline(self) -> str:
        """The variant that the others are compared with."""
        return str(self.compared["baseline"])

    @cached_property
    def metrics(self) -> list[str]:
        """All metrics, the one that decides first."""
        return list(dict.fromkeys([self.metric, *(row["metric"] for row in self.summary)]))

    @cached_property
    def scale(self) -> Scale:
        """How the metric that decides is written."""
        return self.scale_of(self.metric)

    def scale_of(self, metric: str) -> Scale:
        """How any metric is written."""
        return Scale.by_name(metric, [run.values[metric] for run in self.runs if metric in run.values])

    def without_surroundings(self) -> Inputs:
        """The same without what differs when all is computed again elsewhere: times, machines, versions."""
        runs = [replace(run, cost=None, environment={}, code={}) for run in self.runs]
        return replace(self, runs=runs)

    def values(self, variant: str) -> dict[int, float]:
        """Seed → value of the metric that decides, where a run has one."""
        return {
            run.seed: run.values[self.metric]
            for run in self.runs
            if run.variant == variant and self.metric in run.values
        }


def gather(recipe: Recipe, store: Path) -> Inputs:
    """Read all that the report shows.

    Raises:
        UserError: a file is missing or is not what its stage writes.
    """
    folder = store / "aggregate" / "study" / recipe.upstream["aggregate/study"]
    variants = read_verified_json(folder, "study.json")["variants"]
    read_verified(folder, "runs.csv")
    for variant in variants:
        path = store / "train" / variant["addresses"]["train"] / RECIPE
        if path.exists():
            trained = from_yaml(path)
            variant["settings"] = trained.settings.model_dump(mode="json")
            if "prepare" in trained.embedded:
                source = trained.embedded["prepare"].settings.data.source
                variant["source"] = source.model_dump(mode="json")
    return Inputs(
        settings=recipe.settings,
        runs=_runs(read_runs(folder / "runs.csv"), variants, store),
        summary=_summary(read_verified(folder, "summary.csv")),
        histories=read_histories(read_verified(folder, "histories.csv")),
        variants=variants,
        compared=read_verified_json(store / "compare" / recipe.upstream["compare"], "comparisons.json"),
    )


def samples(data: Mapping[str, Any]) -> str:
    """The sizes of a data set's parts: `1,168 train, 269 validation, 360 test`."""
    return ", ".join(f"{count:,} {part}" for part, count in (data.get("samples") or {}).items())


def _runs(table: RunsTable, variants: list[dict[str, Any]], store: Path) -> list[Run]:
    found = []
    for variant in variants:
        name, best_epochs = variant["name"], variant.get("best_epochs", {})
        folder = f"train/{variant['addresses']['train']}"
        measures = variant["addresses"].get("evaluate")
        rows = {int(seed): run for seed, run in table.runs.get(name, {}).items()}
        for seed in sorted(rows):
            values = {metric: value for metric, value in rows[seed].values.items() if _is_finite(value)}
            own = store / folder / seed_folder(seed)
            found.append(
                Run(
                    variant=name,
                    seed=seed,
                    status="; ".join(sorted(rows[seed].statuses)) or "finished",
                    values=values,  # type: ignore[arg-type]
                    best_epoch=best_epochs.get(str(seed)),
                    environment=_environment(own),
                    code=_code(own / RECIPE),
                    folder=f"{folder}/{seed_folder(seed)}" if own.is_dir() else "",
                    files=frozenset(name for name in LINKED if _has_text(own / name)),
                    cost=measured.cost(own),
                    evaluation=measured.evaluation(store / "evaluate" / measures / own.name)
                    if measures and values
                    else {},
                )
            )
    return found


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _has_text(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _environment(folder: Path) -> dict[str, Any]:
    """What a run recorded of its surroundings; empty if there is nothing that can be read."""
    try:
        found = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _code(path: Path) -> Mapping[str, str]:
    """The code that a run's recipe names."""
    if not path.is_file():
        return {}
    content: Any = plain_recipes.written(path) or plain_recipes.parse(path.read_text(encoding="utf-8"))
    return content.get("code", {}) if isinstance(content, dict) else {}


def _summary(table: str) -> list[dict[str, Any]]:
    return [
        {name: cell if name in ("variant", "metric") else finite(cell) for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(table, newline=""))
    ]
