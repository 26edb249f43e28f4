"""Compare the variants of a table of runs with a baseline: paired t-tests, joined on the seed.

The table is a CSV file with the columns variant, seed, metric and value, and optionally status. It
may come from any source. Writes comparisons.json and comparisons.csv (docs/statistics.md); says the
outcome in words.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay import program, reads
from assay.errors import Problem, UserError, fail
from assay.finished import find, read_verified, read_verified_json
from assay.receipt import file_digests, write_receipt
from assay.recipe import from_yaml, require_planned
from assay.results.compare import CSV_FILE, JSON_FILE, compare, write_comparisons
from assay.results.runs_table import read_runs, require_choice
from assay.settings.stages import CompareSettings
from assay.settings.validate import validate
from assay.store import claim


def main() -> None:
    """Compare, and say the outcome."""
    options = _options()
    result = _with_recipe(options) if options.recipe else _by_hand(options)
    for comparison in result["comparisons"]:
        print(comparison["sentence"])
    if not result["comparisons"]:
        print(f"{options.runs} holds one variant: there is nothing to compare.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, metavar="CSV", help="the table of runs")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--recipe", type=Path, metavar="FILE", help="recipe that decides all of the below")
    hand = parser.add_argument_group("without a recipe", argument_default=argparse.SUPPRESS)
    hand.add_argument("--baseline", metavar="VARIANT", help="default: the first in the table")
    hand.add_argument("--metric", help="the one that decides; default: the only one in the table")
    direction = hand.add_mutually_exclusive_group()
    direction.add_argument("--higher-is-better", action="store_true", help="as accuracy is")
    direction.add_argument(
        "--lower-is-better", dest="higher_is_better", action="store_false", help="as a loss is"
    )
    hand.add_argument("--alpha", type=float, help="family-wise error rate; default: 0.05")
    hand.add_argument("--margin", type=float, help="smallest difference that matters, for equivalence")
    hand.add_argument(
        "--secondary", nargs="+", metavar="METRIC", help="others; `loss:lower` where lower is better"
    )
    hand.add_argument("--exclude", nargs="+", metavar="VARIANT", help="not compared")
    hand.add_argument(
        "--all-pairs", dest="design", action="store_const", const="all_pairs", help="each with each"
    )
    hand.add_argument("--adjustment", choices=("holm", "max_t"), help="default: holm")
    hand.add_argument("--power", type=float, help="for what could have been found; default: 0.8")
    hand.add_argument("--bayesian", action="store_true", help="posterior probabilities, with --margin")
    hand.add_argument("--looks", nargs="+", type=int, metavar="N", help="numbers of seeds at declared looks")
    hand.add_argument("--spending", choices=("obrien_fleming", "pocock"), help="default: obrien_fleming")
    hand.add_argument(
        "--resampling", type=float, metavar="RATIO", help="test / training samples, if each seed splits anew"
    )
    options = parser.parse_args()
    if options.recipe and _given(options):
        parser.error("with --recipe, the recipe decides all but --runs and --out")
    if not options.recipe and "higher_is_better" not in options:
        parser.error("give --higher-is-better or --lower-is-better")
    return options


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """What of the settings the command line says."""
    return {name: value for name, value in vars(options).items() if name in CompareSettings.model_fields}


def _with_recipe(options: argparse.Namespace) -> dict[str, Any]:
    """As the workflow does it: the settings from the recipe, and a receipt at the end."""
    recipe = from_yaml(options.recipe)
    if recipe.stage != "compare":
        raise UserError(f"{options.recipe}: stage: must be 'compare', not {recipe.stage!r}")
    with program.attempt(options.out), claim(options.out):
        require_planned(recipe)
        if find(options.out) is not None:
            return dict(read_verified_json(options.out, JSON_FILE))
        with reads.watched([options.out, options.runs.parent]):
            read_verified(options.runs.parent, options.runs.name)
            result = compare(options.runs, recipe.settings)
            write_comparisons(result, options.out)
            write_receipt(options.out, recipe, file_digests(options.out, [JSON_FILE, CSV_FILE]))
    return result


def _by_hand(options: argparse.Namespace) -> dict[str, Any]:
    """The settings from the command line, completed from the table where it leaves no choice."""
    table = read_runs(options.runs)
    if "metric" not in options and len(table.metrics) != 1:
        found = ", ".join(table.metrics) or "none"
        raise UserError(f"{options.runs}: metric: give --metric; the table holds: {found}")
    first = next((name for name in table.runs if name not in getattr(options, "exclude", ())), "")
    given = {"baseline": first, "metric": next(iter(table.metrics), ""), "alpha": 0.05}
    secondary = _directions(getattr(options, "secondary", ()), options.higher_is_better)
    for metric in secondary:
        require_choice(options.runs, "secondary", metric, table.metrics)
    given |= _given(options) | {"secondary": secondary}
    settings, wrong = validate(CompareSettings, given)
    fail(Problem("", ".".join(map(str, at)), text) for at, text in wrong)
    assert settings is not None
    result = compare(options.runs, settings)
    write_comparisons(result, options.out)
    return result


def _directions(named: Sequence[str], usual: bool) -> dict[str, bool]:
    """Metric → whether higher is better: as `:lower` or `:higher` says, else as for the one that decides."""
    found = {}
    for text in named:
        metric, _, way = text.rpartition(":")
        if metric and way in ("lower", "higher"):
            found[metric] = way == "higher"
        else:
            found[text] = usual
    return found


if __name__ == "__main__":
    program.run(main)
    program.leave()
