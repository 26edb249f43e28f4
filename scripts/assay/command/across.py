"""Rank variants that several studies measured on different data sets, and test the ranks.

assay across digits breast_cancer --out across
assay across --runs runs.csv --metric accuracy --higher-is-better --out across

Each study is a data set. A table has a column `dataset`; of several tables, each may be a data set.
Writes across.json, across.csv, and the figures critical-difference and profiles as SVG, PDF and PNG.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.command.table import print_table
from assay.errors import UserError
from assay.finished import is_finished, read_verified, read_verified_json
from assay.plan import Plan, StudyPlan, load_plan
from assay.report import style
from assay.report.figures.critical_difference import critical_difference
from assay.report.figures.profiles import profiles
from assay.results.across import DESIGNS, Question, across, write_across
from assay.results.across_tables import read_datasets
from assay.results.runs_table import RunsTable, read_runs
from assay.settings.stages import CompareSettings
from assay.store import write_atomically
from assay.words import listed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument(
        "study", nargs="*", help="studies of the same variants, each on a data set of its own"
    )
    parser.add_argument(
        "--runs", nargs="+", type=_path, metavar="CSV",
        help="instead of studies: one table with a column `dataset`, or a table a data set",
    )  # fmt: skip
    parser.add_argument("--out", type=_path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--metric", help="with --runs: what is ranked; studies say it themselves")
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument("--higher-is-better", action="store_true", help="with --runs: as accuracy is")
    direction.add_argument("--lower-is-better", action="store_true", help="with --runs: as a loss is")
    parser.add_argument(
        "--baseline", metavar="VARIANT", help="default: that of the studies; the first in the table"
    )
    parser.add_argument(
        "--design", choices=DESIGNS, default=DESIGNS[0],
        help="compare all pairs (Nemenyi, the default) or each variant with the baseline (Holm)",
    )  # fmt: skip
    parser.add_argument("--alpha", type=float, help="family-wise error rate; default: the studies', or 0.05")
    parser.add_argument("--variants", nargs="+", default=(), metavar="NAME", help="only these; default: all")
    parser.add_argument("--set", default="", help="of studies: the overrides that Snakemake was given")
    parser.add_argument("--smoke", action="store_true", help="of studies: of the quick try")


def run(arguments: argparse.Namespace) -> None:
    """Rank, test, write, and print the outcome."""
    if bool(arguments.study) == bool(arguments.runs):
        raise UserError("give studies, or --runs and tables: one of the two")
    tables, asked, notes = _of_studies(arguments) if arguments.study else _of_tables(arguments)
    result = across(tables, asked)
    result["notes"] = [*notes, *result["notes"]]
    write_across(result, arguments.out)
    _draw(result, arguments.out)
    rows = sorted(result["variants"], key=lambda item: item["average_rank"])
    named = {"average_rank": "average rank", "first": "ranked first", "score": "mean score"}
    print_table(
        [{named.get(key, key): value for key, value in row.items()} for row in rows],
        ["variant", *named.values()],
    )
    print()
    for note in result["notes"]:
        print(note)
    print(result["sentence"])
    out = arguments.out
    print(f"in {out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out}")


Asked = tuple[Mapping[str, RunsTable], Question, list[str]]


def _of_tables(arguments: argparse.Namespace) -> Asked:
    tables = read_datasets(arguments.runs)
    metrics = list(dict.fromkeys(metric for table in tables.values() for metric in table.metrics))
    if arguments.metric is None and len(metrics) != 1:
        raise UserError(f"metric: give --metric; the tables hold: {', '.join(metrics) or 'none'}")
    if not (arguments.higher_is_better or arguments.lower_is_better):
        raise UserError("give --higher-is-better or --lower-is-better")
    if arguments.set or arguments.smoke:
        raise UserError("--set and --smoke are for studies")
    question = Question(
        metric=metrics[0] if arguments.metric is None else arguments.metric,
        higher_is_better=arguments.higher_is_better,
        baseline=arguments.baseline,
        alpha=0.05 if arguments.alpha is None else arguments.alpha,
        design=arguments.design,
        variants=arguments.variants,
    )
    return tables, question, []


def _of_studies(arguments: argparse.Namespace) -> Asked:
    if arguments.metric or arguments.higher_is_better or arguments.lower_is_better:
        raise UserError("--metric and its direction are for --runs; studies say them in `comparisons`")
    plan = load_plan(study=arguments.study, set=arguments.set, smoke=arguments.smoke)
    given = {"baseline": arguments.baseline, "alpha": arguments.alpha}
    chosen = _agreed(plan, {key: value for key, value in given.items() if value is not None})
    tables, digests = {}, dict[str, list[str]]()
    for study in plan.studies:
        folder = _finished(plan, study, arguments)
        read_verified(folder, "runs.csv")
        tables[study.study.name] = read_runs(folder / "runs.csv")
        for variant in read_verified_json(folder, "study.json")["variants"]:
            digest = str(variant["data"].get("digest", ""))
            digests.setdefault(digest, []).append(study.study.name)
    notes = [
        f"{listed(names)} measured the same data; their ranks are not independent."
        for digest, found in digests.items()
        if digest and len(names := list(dict.fromkeys(found))) > 1
    ]
    settings = {key: chosen[key] for key in ("metric", "higher_is_better", "baseline", "alpha")}
    return tables, Question(**settings, design=arguments.design, variants=arguments.variants), notes


def _agreed(plan: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the studies' comparisons say, or the command line.

    Raises:
        UserError: two of them say different things.
    """
    words = {"higher_is_better": {True: "higher is better", False: "lower is better"}}
    chosen = dict(given)
    first = plan.studies[0]
    for key in ("metric", "higher_is_better", "baseline", "alpha"):
        if key in given:
            continue
        values = {study.study.name: getattr(_settings(study), key) for study in plan.studies}
        chosen[key] = values[first.study.name]
        for name, value in values.items():
            if value != chosen[key]:
                one, other = (words.get(key, {}).get(v, repr(v)) for v in (chosen[key], value))
                option = f"; give --{key} to decide" if key in ("baseline", "alpha") else ""
                raise UserError(
                    f"comparisons.{key}: {first.study.name} says {one}, {name} says {other}{option}"
                )
    return chosen


def _settings(study: StudyPlan) -> CompareSettings:
    found: CompareSettings = study.compare.settings
    return found


def _finished(plan: Plan, study: StudyPlan, arguments: argparse.Namespace) -> Path:
    """The folder of a study's tables.

    Raises:
        UserError: they are not made; says how to make them.
    """
    folder = study.aggregate.folder(plan.store)
    if not is_finished(folder):
        options = f" set='{arguments.set}'" if arguments.set else ""
        options += " smoke=true" if arguments.smoke else ""
        command = f"snakemake --cores 4 --config study={study.study.name}{options}"
        raise UserError(f"{study.study.name}: has no finished results; `{command}` makes them")
    return folder


def _draw(result: Mapping[str, Any], out: Path) -> None:
    names = [item["variant"] for item in result["variants"]]
    looks = style.looks(names, result["baseline"])
    with style.sheet("".join([*names, result["metric"]])):
        for name, draw in (("critical-difference", critical_difference), ("profiles", profiles)):
            for ending, data in style.files(draw(result, looks)).items():
                write_atomically(out / f"{name}.{ending}", data)


def _path(text: str) -> Path:
    return Path(os.path.abspath(text))
