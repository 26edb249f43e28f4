"""Gather results in tables: a variant's runs, or the variants of a study."""

from __future__ import annotations

import argparse
from pathlib import Path

from assay import program, reads, recipe
from assay.finished import find
from assay.results.aggregate import aggregate_study, aggregate_variant
from assay.store import claim


def main() -> None:
    """Aggregate what one recipe names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml of an aggregate stage")
    parser.add_argument("--store", type=Path, required=True, help="folder of all results")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    arguments = parser.parse_args()
    planned = recipe.from_yaml(arguments.recipe)
    with program.attempt(arguments.out), claim(arguments.out):
        recipe.require_planned(planned)
        if find(arguments.out) is not None:
            return
        whole = planned.stage == "aggregate/study"
        with reads.watched([arguments.out, arguments.store]):
            (aggregate_study if whole else aggregate_variant)(planned, arguments.store, arguments.out)


if __name__ == "__main__":
    program.run(main)
    program.leave()
