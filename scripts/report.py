"""Write the report of a study: a page that opens anywhere, the same as Markdown, and its figures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assay.errors import UserError
from assay.recipe import from_yaml, require_code
from assay.report.render import render


def main() -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True, metavar="FILE", help="the report's recipe.yaml")
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="where all results lie")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report")
    options = parser.parse_args()
    try:
        recipe = from_yaml(options.recipe)
        require_code(recipe)
        render(recipe, options.store, options.out)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
