"""Which runs one job computes: seeds of a recipe, or on one machine those of several recipes."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from assay.finished import is_finished
from assay.plan import Plan
from assay.recipe import Recipe
from assay.store import seed_folder

START = 1.0
"""What the start of a job costs, in runs: as much as a short run. Beside long ones, it does not count."""
MOST = 100
"""Runs of a job that shares them with others: more would save less than a hundredth."""
UNEVENNESS, UNEVENNESS_ALIKE = 0.5, 0.1
"""For how much of the longest job other cores may be idle at the end: where jobs have unlike runs, and where
each has the same mix."""


@dataclass(frozen=True)
class Wanted:
    """Seeds that are to be computed of one recipe, the last that is done once a seed."""

    recipe: Recipe
    seeds: tuple[int, ...]
    is_trained: bool
    """Whether all that is missing is the evaluation."""
    studies: frozenset[str]
    """Who wants them."""


def wanted(plan: Plan, finished_too: bool) -> list[Wanted]:
    """What a plan's studies want of each recipe.

    Args:
        plan: the plan.
        finished_too: name seeds that are finished, too: the answer depends on nothing but the plan.
    """
    store = plan.store
    seeds: dict[str, dict[int, None]] = {}
    recipes: dict[str, tuple[Recipe, Recipe]] = {}
    studies: dict[str, set[str]] = {}
    for study in plan.studies:
        for variant in study.variants:
            recipes[variant.measured.address] = variant.measured, variant.train
            own = seeds.setdefault(variant.measured.address, {})
            own |= dict.fromkeys(variant.aggregate.settings.seeds)
            studies.setdefault(variant.measured.address, set()).add(study.study.name)
    found = []
    for address, (measured, trained) in recipes.items():
        folder = measured.folder(store)
        missing = [seed for seed in seeds[address] if not is_finished(folder / seed_folder(seed))]
        runs = trained.folder(store)
        is_trained = all(is_finished(runs / seed_folder(seed)) for seed in missing) and bool(missing)
        chosen = tuple(seeds[address]) if finished_too else tuple(missing)
        is_trained = is_trained and measured is not trained
        found.append(Wanted(measured, chosen, is_trained, frozenset(studies[address])))
    return found


def shares(found: Iterable[Wanted], cores: int, at_once: int = 1) -> Iterator[tuple[Wanted, ...]]:
    """Cut runs into jobs for the cores of one machine, so that the last job ends first.

    Recipes of the same studies share jobs if their runs need the same of a process and read the same data.
    Each of these jobs gets the same mix: few processes start, and all end together. Where a run fails, so
    does its job, and Snakemake goes on without the tables and reports of these studies, and of no other.

    Args:
        found: what is wanted.
        cores: those that the jobs share.
        at_once: how many runs a job computes at the same time, each on a core.
    """
    together: dict[Hashable, list[Wanted]] = {}
    for item in found:
        if item.seeds:
            together.setdefault(_needed(item), []).append(item)
    number = size([sum(len(item.seeds) for item in items) for items in together.values()], cores, at_once)
    for items in together.values():
        yield from _dealt(items, number)


def _needed(item: Wanted) -> Hashable:
    """What runs have in common that share a job; a recipe that reads others' runs shares with none."""
    train = item.recipe.embedded.get("train", item.recipe)
    reads_runs = any(other.stage == "train" for other in train.embedded.values())
    return (
        item.is_trained,
        item.studies,
        train.embedded["prepare"].address,
        train.settings.numerics,
        train.settings.training.processes,
        train.address if reads_runs else "",
    )


def _dealt(items: Iterable[Wanted], most: int) -> Iterator[tuple[Wanted, ...]]:
    """Deal runs, recipe by recipe, to as few jobs of at most `most` as there can be."""
    runs = [(item, seed) for item in items for seed in item.seeds]
    jobs = math.ceil(len(runs) / most)
    for job in range(jobs):
        own: dict[str, tuple[Wanted, list[int]]] = {}
        for item, seed in runs[job::jobs]:
            own.setdefault(item.recipe.address, (item, []))[1].append(seed)
        yield tuple(replace(item, seeds=tuple(seeds)) for item, seeds in own.values())


def size(counts: Collection[int], cores: int, at_once: int = 1) -> int:
    """How many runs a job computes at most, so that the last job ends first.

    Args:
        counts: how many runs may share jobs with one another, for each kind of them.
        cores: those that the jobs share.
        at_once: how many runs a job computes at the same time, each on a core.
    """
    slots = max(1, cores // at_once)
    numbers = {math.ceil(count / jobs) for count in set(counts) for jobs in range(1, count + 1)}
    candidates = sorted({at_once, *(number for number in numbers if at_once < number <= MOST)})
    return min(candidates, key=lambda number: _makespan(counts, number, slots, at_once))


def _makespan(counts: Collection[int], most: int, slots: int, at_once: int) -> float:
    """When the last job ends if the longest are begun first, in the time of a run; idle cores count, too.

    Args:
        counts: how many runs there are of each kind.
        most: how many runs a job computes.
        slots: how many jobs there are at the same time.
        at_once: how many runs a job computes at the same time.
    """
    sizes = (part for count in counts for part in _sizes(count, most))
    jobs = sorted((START + math.ceil(part / at_once) for part in sizes), reverse=True)
    ends = [0.0] * slots
    for job in jobs:
        heapq.heapreplace(ends, ends[0] + job)
    unevenness = UNEVENNESS_ALIKE if len(counts) == 1 else UNEVENNESS
    return max(ends) + unevenness * max(jobs, default=0.0) * (slots - 1) / slots


def _sizes(count: int, most: int) -> list[int]:
    """The sizes, nearly equal, of as few parts of at most `most` as there can be."""
    parts = math.ceil(count / most)
    return [(part + 1) * count // parts - part * count // parts for part in range(parts)]


def divided(seeds: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    """Seeds in their order, in as few parts of at most `most` as there can be, of sizes alike."""
    rest = iter(seeds)
    for part in _sizes(len(seeds), most):
        yield tuple(islice(rest, part))
