"""Say where the report of each study is."""

from __future__ import annotations

import argparse

from assay.configuration import CONFIG_FILE
from assay.plan import load_plan
from assay.status import summary
from assay.yamlfile import read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("study", nargs="*", help="names or files of studies")


def run(arguments: argparse.Namespace) -> None:
    """Print the reports' paths."""
    config = dict(read(CONFIG_FILE).content or {})
    if arguments.study:
        config["study"] = arguments.study
    print(summary(load_plan(config)))
