"""How many seeds a study needs: what it can find, from its runs so far or a stated standard deviation.

assay plan digits --margin 0.005          from the runs that are finished: a pilot
assay plan digits --sd 0.008              the standard deviation of paired differences, stated
assay plan digits --seeds 5 10 20 40      for these numbers of seeds
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from assay.command.table import print_table
from assay.errors import UserError
from assay.notation import Scale
from assay.plan import StudyPlan, load_plan
from assay.results.compare import compared_pairs
from assay.results.planning import Demand, Spread, detectable, seeds_needed
from assay.results.present import present_runs
from assay.results.runs_table import RunsTable
from assay.statistics import paired, sequential
from assay.statistics.power import MOST_SEEDS
from assay.words import counted

SEEDS = (3, 5, 10, 20, 30, 50)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("study", nargs="*", help="names or files of studies")
    parser.add_argument("--set", default="", help="the overrides that Snakemake is given")
    parser.add_argument("--smoke", action="store_true", help="with the runs of the quick try as pilot")
    parser.add_argument("--sd", type=float, help="of the paired differences, in units of the metric")
    parser.add_argument("--margin", type=float, help="smallest difference that matters; default: the study's")
    parser.add_argument("--power", type=float, help="default: the study's, 0.8")
    parser.add_argument("--seeds", type=int, nargs="+", metavar="N", default=SEEDS, help="numbers of seeds")


def run(arguments: argparse.Namespace) -> None:
    """Print what each study can find."""
    _require(arguments)
    plan = load_plan(study=arguments.study, set=arguments.set, smoke=arguments.smoke, partial=True)
    for study in plan.studies:
        _print(study, plan.store, arguments)


def _require(arguments: argparse.Namespace) -> None:
    for name in ("sd", "margin"):
        value = getattr(arguments, name)
        if value is not None and not 0 < value < float("inf"):
            raise UserError(f"--{name}: must be above 0, not {value:g}")
    if arguments.power is not None and not 0 < arguments.power < 1:
        raise UserError(f"--power: must lie between 0 and 1, not {arguments.power:g}")
    if wrong := [n for n in arguments.seeds if n < 2]:
        raise UserError(f"--seeds: a comparison takes at least 2, not {wrong[0]}")


def _print(study: StudyPlan, store: Path, arguments: argparse.Namespace) -> None:
    settings, table = study.compare.settings, present_runs(study, store)
    pairs = compared_pairs((plan.variant.name for plan in study.variants), settings)
    margin = settings.margin if arguments.margin is None else arguments.margin
    demand = _demand(study, len(pairs), arguments.power)
    scale = table.scale(settings.metric)
    spreads = _spreads(pairs, table, settings.metric, arguments.sd)
    if not spreads:
        raise UserError(
            f"{study.study.name}: no two seeds of two variants are finished, or their differences do not "
            "vary, so their standard deviation is not known; train two or more seeds, or state it: --sd"
        )
    shared = f", alpha {settings.alpha:g} shared by {len(pairs)}" if len(pairs) > 1 else ""
    print(
        f"{study.study.name}: {counted(len(pairs), 'comparison')} on {settings.metric}{shared}, "
        f"power {100 * demand.power:g} %; differences in {scale.unit}\n"
    )
    rows = [_row(name, spread, margin, demand, scale, arguments.seeds) for name, spread in spreads.items()]
    print_table(rows, list(rows[0]))
    limit = "; in brackets the limit below which four of five pilots have the true one"
    print(
        f"\nsd: standard deviation of the paired differences{limit if arguments.sd is None else ''}.\n"
        "A number of seeds: the smallest true difference that it finds with this power."
    )
    if demand.resampling:
        print("Each seed splits the data anew, so seeds share samples: more of them help less and less.")
    if study.study.settings.comparisons.looks:
        print("Seeds are those of the last look, at its level.")


def _demand(study: StudyPlan, comparisons: int, power: float | None) -> Demand:
    """What is asked of each comparison's seeds.

    Raises:
        UserError: the power is not above the level.
    """
    settings, given = study.compare.settings, study.study.settings.comparisons
    alpha = settings.alpha / max(1, comparisons)
    if given.looks:
        alpha = sequential.interval_level(len(given.looks), given.looks, alpha, given.spending)
    wanted = settings.power if power is None else power
    if wanted <= settings.alpha:
        raise UserError(f"--power: must be above alpha, {settings.alpha:g}, not {wanted:g}")
    return Demand(alpha, wanted, settings.resampling)


def _spreads(
    pairs: list[tuple[str, str]], table: RunsTable, metric: str, stated: float | None
) -> dict[str, Spread]:
    """Comparison → the standard deviation of its differences, where it is known."""
    if stated is not None:
        return {"any": Spread(stated)}
    found = {}
    for baseline, variant in pairs:
        joined = paired.join(table.values(baseline, metric), table.values(variant, metric))
        sd = paired.standard_deviation(joined.differences)
        if sd:
            found[f"{variant} − {baseline}"] = Spread(sd, len(joined.seeds))
    return found


def _row(
    name: str, spread: Spread, margin: float | None, demand: Demand, scale: Scale, seeds: Sequence[int]
) -> dict[str, str]:
    def needed(sd: float) -> str:
        assert margin is not None
        number = seeds_needed(sd, margin, demand)
        return f"over {MOST_SEEDS:,}" if number is None else f"{number:,}"

    estimated = spread.pairs is not None
    row = {
        "comparison": name,
        "pilot": counted(spread.pairs, "pair") if spread.pairs is not None else "stated",
        "sd": f"{scale.number(spread.sd)} ({scale.number(spread.high)})"
        if estimated
        else scale.number(spread.sd),
    }
    row |= {f"{n} seeds": scale.number(detectable(spread.sd, n, demand)) for n in seeds}
    if margin is not None:
        high = f" ({needed(spread.high)})" if estimated else ""
        row[f"seeds to find {scale.factor * margin:g}"] = needed(spread.sd) + high
    return row
