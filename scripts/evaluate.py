"""Evaluate one trained run: verify that it is what its recipe says, then measure it."""

from __future__ import annotations

import argparse
from pathlib import Path

from assay import numerics, program, reads, recipe
from assay.finished import read_receipt


def main() -> None:
    """Evaluate one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml of an evaluate stage")
    parser.add_argument("--run", type=Path, required=True, help="folder of the trained run")
    parser.add_argument("--prepared", type=Path, required=True, help="folder of the prepared data")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument(
        "--allow-mismatch", action="store_true", help="warn where run and recipe do not match"
    )
    arguments = parser.parse_args()
    program.start_log()
    planned = recipe.from_yaml(arguments.recipe)
    with program.attempt(arguments.out):
        recipe.require_planned(planned)
        if program.is_done(arguments.out, planned, read_receipt(arguments.run)["seed"]):
            return
        numerics.set_environment(planned.embedded["train"].settings.numerics)
        numerics.import_torch()
        from assay.data.prepared import load
        from assay.evaluation.run import run

        with reads.watched([arguments.out, arguments.run, arguments.prepared]):
            run(
                planned,
                arguments.run,
                load(arguments.prepared),
                arguments.out,
                arguments.device,
                arguments.allow_mismatch,
            )


if __name__ == "__main__":
    program.run(main)
    program.leave()
