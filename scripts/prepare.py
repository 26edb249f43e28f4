"""Prepare a data set: read it, split it, scale it, write it as arrays."""

from __future__ import annotations

import argparse
from pathlib import Path

from assay import program, reads, recipe


def main() -> None:
    """Prepare the data of one recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml of a prepare stage")
    parser.add_argument("--out", type=Path, required=True, help="folder for the arrays")
    parser.add_argument("--split", default="fixed", help="`fixed`, or `seed-N` where each run splits anew")
    parser.add_argument("--data", type=Path, default=Path(), help="folder of data files")
    arguments = parser.parse_args()
    program.start_log()
    from assay.data import prepare
    from assay.finished import find
    from assay.store import claim, seed_of

    planned = recipe.from_yaml(arguments.recipe)
    files = [arguments.data / planned.settings.data.source.settings[name] for name in planned.settings.files]
    with program.attempt(arguments.out), claim(arguments.out):
        recipe.require_planned(planned)
        if find(arguments.out) is not None:
            return
        seed = None if arguments.split == "fixed" else seed_of(arguments.split)
        with reads.watched([arguments.out, *files]):
            prepared = prepare.prepare(planned.settings, seed, arguments.data)
            prepare.write(prepared, arguments.out, planned)


if __name__ == "__main__":
    program.run(main)
    program.leave()
