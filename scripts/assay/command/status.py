"""How far studies are: runs done, running, failed and missing; epoch and time left.

assay status                 the study of config/config.yaml
assay status digits --watch  again and again, until all is done
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from assay.command.table import print_table
from assay.plan import Plan, load_plan
from assay.status import STATES, RunStatus, run_statuses


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("study", nargs="*", help="names or files of studies")
    parser.add_argument("--set", default="", help="the overrides that Snakemake was given")
    parser.add_argument("--smoke", action="store_true", help="of the quick try")
    parser.add_argument("--watch", action="store_true", help="refresh every two seconds")


def run(arguments: argparse.Namespace) -> None:
    """Print the status."""
    plan = load_plan(study=arguments.study, set=arguments.set, smoke=arguments.smoke)
    while True:
        if arguments.watch and sys.stdout.isatty():
            print("\033[2J\033[H", end="")
        busy = _print(plan)
        if not (arguments.watch and busy):
            return
        sys.stdout.flush()
        time.sleep(2)


def _print(plan: Plan) -> bool:
    """Print every study's status; return whether anything is still to come."""
    busy = False
    for study in plan.studies:
        statuses = list(run_statuses(study, plan.store))
        counts = Counter(status.state for status in statuses)
        told = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
        print(f"{study.study.name}: {len(statuses)} runs: {told}")
        cells = Counter((status.variant, status.state) for status in statuses)
        rows = [
            {"variant": name, **{state: cells[name, state] or "" for state in STATES}}
            for name in (plan.variant.name for plan in study.variants)
        ]
        print_table(rows, ["variant", *STATES])
        for status in statuses:
            if status.state in ("running", "interrupted", "failed", "diverged"):
                print(f"  {status.variant}, seed {status.seed}: {_told(status)}")
        busy |= bool(counts["running"] or counts["interrupted"] or counts["missing"])
    return busy


def _told(status: RunStatus) -> str:
    if status.state == "running":
        left = f", about {status.seconds_left:.0f} s left" if status.seconds_left is not None else ""
        return f"running, epoch {status.epoch} of {status.epochs}{left}"
    if status.state == "interrupted":
        return f"interrupted after epoch {status.epoch} of {status.epochs}; the next call continues it"
    return f"{status.state}: {status.reason}" if status.state == "failed" else status.reason
