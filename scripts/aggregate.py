"""Gather results in tables: a variant's runs, or the variants of a study."""

from __future__ import annotations

import argparse
from pathlib import Path

from assay import program, recipe
from assay.results.aggregate import aggregate_study, aggregate_variant


def main() -> None:
    """Aggregate what one recipe names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml of an aggregate stage")
    parser.add_argument("--store", type=Path, required=True, help="folder of all results")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    arguments = parser.parse_args()
    with program.attempt(arguments.out):
        planned = recipe.from_yaml(arguments.recipe)
        recipe.require_planned(planned)
        whole = planned.stage == "aggregate/study"
        (aggregate_study if whole else aggregate_variant)(planned, arguments.store, arguments.out)


if __name__ == "__main__":
    program.run(main)
