"""Say where the report of each study is."""

from __future__ import annotations

import argparse

from assay.plan import load_plan
from assay.status import summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("study", nargs="*", help="names or files of studies")


def run(arguments: argparse.Namespace) -> None:
    """Print the reports' paths."""
    print(summary(load_plan(study=arguments.study)))
