"""Which seeds one job computes: those of a recipe, in their order, cut into cohorts of nearly equal size."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from assay.finished import is_finished
from assay.plan import Plan
from assay.recipe import Recipe
from assay.store import seed_folder

START = 1.0
"""What the start of a job costs, in runs: as much as a short run. Beside long ones, it does not count."""
UNEVENNESS = 0.5
"""For how much of the longest job other cores may be idle at the end, because runs are of unlike length."""


@dataclass(frozen=True)
class Wanted:
    """The seeds that are to be computed of one recipe, the last that is done once a seed."""

    recipe: Recipe
    seeds: tuple[int, ...]
    is_trained: bool
    """Whether all that is missing is the evaluation."""


def wanted(plan: Plan, finished_too: bool) -> list[Wanted]:
    """What a plan's studies want of each recipe.

    Args:
        plan: the plan.
        finished_too: name seeds that are finished, too: the answer depends on nothing but the plan.
    """
    store = plan.store
    seeds: dict[str, dict[int, None]] = {}
    recipes: dict[str, tuple[Recipe, Recipe]] = {}
    for study in plan.studies:
        for variant in study.variants:
            recipes[variant.measured.address] = variant.measured, variant.train
            own = seeds.setdefault(variant.measured.address, {})
            own |= dict.fromkeys(variant.aggregate.settings.seeds)
    found = []
    for address, (measured, trained) in recipes.items():
        folder = measured.folder(store)
        missing = [seed for seed in seeds[address] if not is_finished(folder / seed_folder(seed))]
        runs = trained.folder(store)
        is_trained = all(is_finished(runs / seed_folder(seed)) for seed in missing) and bool(missing)
        chosen = tuple(seeds[address]) if finished_too else tuple(missing)
        found.append(Wanted(measured, chosen, is_trained and measured is not trained))
    return found


def size(given: int | Literal["auto"], found: Collection[Wanted], cores: int | None, at_once: int = 1) -> int:
    """How many seeds a job computes.

    With `auto` on one machine, as many as let the last job end first. On a cluster, as many as a job computes
    at once.

    Args:
        given: what the configuration says.
        found: what is wanted.
        cores: those that the jobs share; None on a cluster.
        at_once: how many seeds a job computes at the same time, each on a core.
    """
    if given != "auto":
        return given
    counts = [len(item.seeds) for item in found]
    most = max(counts, default=0)
    if cores is None or most <= at_once:
        return at_once
    slots = max(1, cores // at_once)
    numbers = {math.ceil(count / parts) for count in set(counts) for parts in range(1, count + 1)}
    candidates = sorted({at_once, *(number for number in numbers if number > at_once)})
    return min(candidates, key=lambda number: _makespan(counts, number, slots, at_once))


def _makespan(counts: Collection[int], most: int, slots: int, at_once: int) -> float:
    """When the last job ends if the longest are begun first, in the time of a run; idle cores count, too.

    Args:
        counts: how many seeds each recipe has.
        most: how many seeds a job computes.
        slots: how many jobs there are at the same time.
        at_once: how many seeds a job computes at the same time.
    """
    sizes = (part for count in counts for part in _sizes(count, most))
    jobs = sorted((START + math.ceil(part / at_once) for part in sizes), reverse=True)
    ends = [0.0] * slots
    for job in jobs:
        heapq.heapreplace(ends, ends[0] + job)
    idle = UNEVENNESS * max(jobs) * (slots - 1) / slots
    return max(ends) + idle


def _sizes(count: int, most: int) -> list[int]:
    """The sizes, nearly equal, of as few parts of at most `most` as there can be."""
    parts = math.ceil(count / most)
    return [(part + 1) * count // parts - part * count // parts for part in range(parts)]


def divided(seeds: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    """Seeds in their order, in as few parts of at most `most` as there can be, of sizes alike."""
    rest = iter(seeds)
    for part in _sizes(len(seeds), most):
        yield tuple(islice(rest, part))
