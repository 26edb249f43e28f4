"""List the runs in the store, filtered, the best first if asked.

assay runs --study digits --best accuracy
assay runs --model cnn --format csv > runs.csv
"""

from __future__ import annotations

import argparse
import sys

from assay import registry
from assay.command.table import FORMATS, print_table
from assay.configuration import configure

SHOWN = ("studies", "model", "data", "address", "seed", "status", "best_epoch")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("--study", help="of this study (or study/variant)")
    parser.add_argument("--task", help="of this task")
    parser.add_argument("--model", help="of this model")
    parser.add_argument("--data", help="on this data set")
    parser.add_argument("--address", help="whose address begins so")
    parser.add_argument("--status", help="whose status contains this: finished, diverged")
    parser.add_argument("--best", metavar="METRIC", help="order by a metric, the best first")
    parser.add_argument("--mode", choices=("max", "min"), help="which way is best (min for losses)")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N only")
    parser.add_argument("--format", choices=FORMATS, default="table")


def run(arguments: argparse.Namespace) -> None:
    """Print the runs."""
    found = registry.select(
        registry.runs(configure().store),
        studies=arguments.study,
        task=arguments.task,
        model=arguments.model,
        data=arguments.data,
        address=arguments.address,
        status=arguments.status,
    )
    if arguments.best and found:
        mode = arguments.mode or ("min" if arguments.best.endswith("loss") else "max")
        found = registry.best(found, arguments.best, mode)
    found = found[: arguments.limit]
    metrics = list(dict.fromkeys(name for item in found for name in item.metrics))
    columns = SHOWN if arguments.format == "table" else registry.COLUMNS
    print_table([item.row() for item in found], [*columns, *metrics], arguments.format)
    if not found:
        print("no runs", file=sys.stderr)
