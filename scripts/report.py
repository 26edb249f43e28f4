"""Write the report of a study: a page that opens anywhere, the same as Markdown, and its figures."""

from __future__ import annotations

import argparse
from pathlib import Path

from assay import looks, program, reads
from assay.finished import find
from assay.recipe import from_yaml, require_planned
from assay.report.render import render
from assay.store import claim


def main() -> None:
    """Write one report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True, metavar="FILE", help="the report's recipe.yaml")
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="where all results lie")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report")
    options = parser.parse_args()
    recipe = from_yaml(options.recipe)
    with program.attempt(options.out), claim(options.out):
        require_planned(recipe)
        if find(options.out) is not None:
            return
        with reads.watched([options.out, options.store]):
            render(recipe, options.store, options.out)
        looks.record(options.store, recipe)


if __name__ == "__main__":
    program.run(main)
    program.leave()
