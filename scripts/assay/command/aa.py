"""What a study's noise alone gives: each variant compared with itself (an A/A test).

assay aa digits      its runs are split into two halves at random, 10,000 times, and tested
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay.command.table import FORMATS, print_table
from assay.errors import UserError
from assay.notation import Scale
from assay.plan import StudyPlan, load_plan
from assay.results.present import present_runs
from assay.statistics import paired
from assay.statistics.noise import SMALLEST, split_halves

COLUMNS = ("variant", "seeds", "sd", "noise floor", "false positives", "floor of all seeds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("study", nargs="*", help="names or files of studies")
    parser.add_argument("--set", default="", help="the overrides that Snakemake was given")
    parser.add_argument("--metric", help="default: the one that decides the study")
    parser.add_argument("--format", choices=FORMATS, default="table")


def run(arguments: argparse.Namespace) -> None:
    """Print the noise of each variant."""
    plan = load_plan(study=arguments.study, set=arguments.set, partial=True)
    for study in plan.studies:
        _print(study, plan.store, arguments)


def _print(study: StudyPlan, store: Path, arguments: argparse.Namespace) -> None:
    settings, table = study.compare.settings, present_runs(study, store)
    metric = arguments.metric or settings.metric
    if metric not in table.metrics:
        found = ", ".join(table.metrics) or "none: no run is finished"
        raise UserError(f"--metric: {metric!r} is not measured by {study.study.name}; there is: {found}")
    scale = table.scale(metric)
    exact = arguments.format != "table"
    rows = []
    for variant in table.runs:
        values = table.usable(variant, metric)
        rows.append({"variant": variant, "seeds": len(values), **_row(values, settings.alpha, scale, exact)})
    if exact:
        print_table(rows, COLUMNS, arguments.format)
        return
    print(f"{study.study.name}: noise of {metric} in {scale.unit}\n")
    print_table(rows, COLUMNS)
    print(
        f"\nNoise floor: {100 * (1 - settings.alpha):g} % of a variant's random halves differ by less.\n"
        "False positives: splits that the paired t-test calls different; meant to be near "
        f"{100 * settings.alpha:g} %.\n"
        "Floor of all seeds: the same by theory for two variants that have so many seeds each, not paired."
    )
    if any(row["seeds"] < SMALLEST for row in rows):
        print(f"A variant with fewer than {SMALLEST} finished seeds cannot be split.")


def _row(values: Sequence[float], alpha: float, scale: Scale, exact: bool) -> dict[str, Any]:
    def show(value: float | None) -> Any:
        return value if exact or value is None else scale.number(value)

    noise, sd = split_halves(values, alpha), paired.standard_deviation(values)
    if noise is None:
        return {"sd": show(sd), "noise floor": None, "false positives": None, "floor of all seeds": None}
    rate = noise.false_positive_rate
    return {
        "sd": show(sd),
        "noise floor": show(noise.floor),
        "false positives": rate if exact else f"{100 * rate:.1f} %",
        "floor of all seeds": show(noise.expected),
    }
