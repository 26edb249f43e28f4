"""Say why each job of a study would run: the nearest result that exists, and what separates them.

assay why digits
assay why digits --set "training.epochs=20"

`there` is the nearest result, `here` what the study asks for now.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from assay.differences import text
from assay.differences.known import Known, Recipes
from assay.differences.modules import ModuleDifference
from assay.differences.reasons import Reason, Reasons
from assay.plan import Plan, StudyPlan, load_plan
from assay.store import seed_of
from assay.views import view_folder
from assay.words import counted, seed_ranges

MOST_ALIKE = 20
"""Variants with the same reason that are listed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("study", nargs="*", help="names or files of studies")
    parser.add_argument("--set", default="", help="the overrides that Snakemake is to be given")
    parser.add_argument("--smoke", action="store_true", help="of the quick try")
    parser.add_argument("--all", action="store_true", help="every variant, also of many with the same reason")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> None:
    """Print the reasons."""
    plan = load_plan(study=arguments.study, set=arguments.set, smoke=arguments.smoke)
    reasons = Reasons(plan)
    found = {study.study.name: list(reasons.of(study)) for study in plan.studies}
    if arguments.json:
        print(json.dumps(_plain(found, plan), indent=1, ensure_ascii=False))
        return
    for study in plan.studies:
        told = found[study.study.name]
        if not told:
            print(f"{study.study.name}: nothing is to run; its report is {_report(plan, study)}")
            continue
        total = sum(len(reason.states) for reason in told)
        print(f"{study.study.name}: {counted(total, 'job')} to run\n")
        for line in _told(told, study, reasons.recipes, len(told) if arguments.all else MOST_ALIKE):
            print(line)
        print("\n".join(text.wrapped(f"to run: {_counts(told)}", 0)))


def _report(plan: Plan, study: StudyPlan) -> str:
    view = view_folder(plan.store, study.study.name) / "report.html"
    return str(view if view.exists() else study.report.folder(plan.store) / "report.html")


def _counts(reasons: Iterable[Reason]) -> str:
    found: Counter[str] = Counter()
    for reason in reasons:
        found[reason.recipe.stage] += len(reason.states)
    return ", ".join(f"{number:,} {stage}" for stage, number in found.items())


def _told(reasons: Sequence[Reason], study: StudyPlan, recipes: Recipes, most: int) -> Iterator[str]:
    """Every recipe under its stage; those with the same reason one under the other, above it."""
    seen: set[ModuleDifference] = set()
    stages: dict[str, dict[tuple[str, ...], list[Reason]]] = {}
    for reason in reasons:
        alike = stages.setdefault(reason.recipe.stage, {})
        alike.setdefault(tuple(_body(reason, set())), []).append(reason)
    for stage, groups in stages.items():
        yield stage
        for group in groups.values():
            for reason in group[:most]:
                yield from _head(reason, study, recipes)
            if len(group) > most:
                yield f"  and {len(group) - most:,} more for the same reason; --all lists them"
            yield from (f"    {line}" for line in _body(group[0], seen))
        yield ""


def _head(reason: Reason, study: StudyPlan, recipes: Recipes) -> Iterator[str]:
    """What is to run, and what is nearest to it."""
    stage, parts = reason.recipe.stage, [state.part for state in reason.states]
    name = ", ".join(reason.variants[:3]) or study.study.name
    if len(reason.variants) > 3:
        name = f"{reason.variants[0]} and {len(reason.variants) - 1} more variants"
    if stage in ("train", "evaluate") or (parts != ["fixed"] and stage == "prepare"):
        name += f": {len(parts)} of {counted(reason.total, 'seed')}"
    if reason.finished:
        near = f"{counted(reason.finished, 'result')} at {reason.recipe.address}"
    elif reason.nearest is None:
        near = f"nothing of {stage} is finished yet"
    else:
        near = f"nearest: {_named(reason.nearest, recipes)}"
    if len(name) + len(near) + 4 <= text.WIDTH:
        yield f"  {name}; {near}"
    else:
        yield from (f"  {line}" for line in text.wrapped(f"{name};", 2))
        yield f"    {near}"


def _named(known: Known, recipes: Recipes) -> str:
    name = recipes.named(known.recipe)
    if known.stage == "prepare":
        name = str(known.recipe["settings"]["data"]["source"]["name"])
    return f"{name} {known.address}".strip()


def _body(reason: Reason, seen: set[ModuleDifference]) -> Iterator[str]:
    """Why: states of the jobs, what differs, what is to be made first."""
    states: dict[tuple[str, str], list[str]] = {}
    for state in reason.states:
        states.setdefault((state.name, state.reason), []).append(state.part)
    for (name, why), parts in states.items():
        if name == "not run yet" and not reason.finished:
            continue  # that goes without saying
        yield from text.wrapped(f"{_parts(parts)}{_WORDS[name].format(why=why)}", 4)
    yield from text.told(reason.differences, text.WHY, seen)
    if reason.reads:
        first = ", ".join(f"{number:,} {stage}" for stage, number in reason.reads.items())
        yield f"reads what is to run first: {first}"


_WORDS = {
    "not run yet": "not run yet",
    "running": "running now",
    "failed": "failed and will be tried again: {why}",
    "interrupted": "interrupted; goes on where it was",
}


def _parts(parts: Sequence[str]) -> str:
    """`seeds 0, 1, 4–9: `."""
    if not parts[0].startswith("seed-"):
        return ""
    return f"{'seed' if len(parts) == 1 else 'seeds'} {seed_ranges(map(seed_of, parts))}: "


def _plain(found: dict[str, list[Reason]], plan: Plan) -> Any:
    """The same for programs."""
    return {
        study: [
            {
                "stage": reason.recipe.stage,
                "address": reason.recipe.address,
                "variants": reason.variants,
                "jobs": [
                    {
                        "folder": str(reason.recipe.folder(plan.store) / state.part),
                        "state": state.name,
                        **({"reason": state.reason} if state.reason else {}),
                    }
                    for state in reason.states
                ],
                "finished": reason.finished,
                "nearest": reason.nearest.address if reason.nearest else None,
                "differences": reason.differences.plain(),
                "reads": dict(reason.reads),
            }
            for reason in reasons
        ]
        for study, reasons in found.items()
    }
