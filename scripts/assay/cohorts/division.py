"""Which runs one job computes: seeds of one recipe, or on one machine those of several recipes."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from assay.finished import is_finished
from assay.plan import Plan
from assay.recipe import Recipe
from assay.store import RECEIPT, seed_folder

START = 1.0
"""What the start of a job costs, in runs: as much as a short run. Beside long ones, it does not count."""
MOST = 100
"""Runs of a job at most, one after another: more would save a hundredth, and a command has an end."""
UNEVENNESS, UNEVENNESS_ALIKE = 0.5, 0.1
"""For how much of the longest job other cores may be idle at the end: where jobs have unlike runs, and where
each has runs of every recipe."""


@dataclass(frozen=True)
class RecipeSeeds:
    """Seeds of a recipe that evaluates, or of one that trains and is not evaluated."""

    recipe: Recipe
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Wanted(RecipeSeeds):
    """Those that are to be computed."""

    is_trained: bool
    """Whether all that is missing is the evaluation."""
    studies: frozenset[str]
    """The names of the studies that want them."""

    @property
    def train(self) -> Recipe:
        """The recipe that trains."""
        return self.recipe.embedded["train"] if self.recipe.stage == "evaluate" else self.recipe


def wanted(plan: Plan, finished_too: bool) -> list[Wanted]:
    """What a plan's studies want of each recipe.

    Args:
        plan: the plan.
        finished_too: name seeds that are finished, too: the answer depends on nothing but the plan.
    """
    recipes: dict[str, tuple[Recipe, Recipe]] = {}
    seeds: dict[str, dict[int, None]] = {}
    studies: dict[str, set[str]] = {}
    for study in plan.studies:
        for variant in study.variants:
            address = variant.measured.address
            recipes[address] = variant.measured, variant.train
            seeds.setdefault(address, {}).update(dict.fromkeys(variant.aggregate.settings.seeds))
            studies.setdefault(address, set()).add(study.study.name)
    found = []
    for address, (measured, trained) in recipes.items():
        folder, runs = measured.folder(plan.store), trained.folder(plan.store)
        missing = [seed for seed in seeds[address] if not (folder / seed_folder(seed) / RECEIPT).exists()]
        is_trained = (
            measured is not trained
            and bool(missing)
            and all(is_finished(runs / seed_folder(seed)) for seed in missing)
        )
        chosen = tuple(seeds[address]) if finished_too else tuple(missing)
        found.append(Wanted(measured, chosen, is_trained, frozenset(studies[address])))
    return found


def shared_jobs(found: Collection[Wanted], cores: int, at_once: int = 1) -> Iterator[tuple[Wanted, ...]]:
    """Cut runs into jobs for the cores of one machine, so that the last job ends as early as it can.

    Recipes of the same studies share jobs if their runs need the same of a process and read the same data:
    few processes start, each job gets its share of every recipe, and all end together. Where a run fails, so
    does its job, and Snakemake goes on without the tables and reports of these studies, and of no other. A
    recipe whose runs others read, or that reads others', shares with none.

    Args:
        found: what is wanted.
        cores: those that the jobs share.
        at_once: how many runs a job computes at the same time, each on a core.
    """
    read = {recipe.address for item in found for recipe in item.train.recipes_read.values()}
    together: dict[Hashable, list[Wanted]] = {}
    for item in found:
        if item.seeds:
            together.setdefault(_group(item, read), []).append(item)
    groups = [_trained_together(items) for items in together.values()]
    seeds = [[*Counter(address for address, _ in runs).values()] for runs in groups]
    most = runs_per_job(seeds, cores, at_once)
    for runs in groups:
        yield from _dealt([*runs.values()], most)


def _group(item: Wanted, read: Collection[str]) -> Hashable:
    """What recipes have in common that share jobs.

    Args:
        item: of one of them.
        read: the addresses of train recipes whose runs others read.
    """
    train = item.train
    alone = train.address if train.recipes_read or train.address in read else ""
    return item.studies, item.is_trained, train.settings.of_process, train.upstream["prepare"], alone


def _trained_together(items: Iterable[Wanted]) -> dict[tuple[str, int], list[tuple[Wanted, int]]]:
    """Runs, recipe by recipe: those that differ in their evaluation alone belong together."""
    found: dict[tuple[str, int], list[tuple[Wanted, int]]] = {}
    for item in items:
        for seed in item.seeds:
            found.setdefault((item.train.address, seed), []).append((item, seed))
    return found


def _dealt(runs: Sequence[Iterable[tuple[Wanted, int]]], most: int) -> Iterator[tuple[Wanted, ...]]:
    """Deal runs to as few jobs of at most `most` as there can be."""
    jobs = len(_sizes(len(runs), most))
    for job in range(jobs):
        own: dict[str, tuple[Wanted, list[int]]] = {}
        for item, seed in chain.from_iterable(runs[job::jobs]):
            own.setdefault(item.recipe.address, (item, []))[1].append(seed)
        yield tuple(replace(item, seeds=tuple(seeds)) for item, seeds in own.values())


def runs_per_job(groups: Collection[Sequence[int]], cores: int, at_once: int = 1) -> int:
    """How many runs a job computes at most, so that the last job ends as early as it can.

    Args:
        groups: how many seeds each recipe has, for each group of recipes that share jobs.
        cores: those that the jobs share.
        at_once: how many runs a job computes at the same time, each on a core.
    """
    slots = max(1, cores // at_once)
    counts = {sum(seeds) for seeds in groups}
    numbers = {math.ceil(count / jobs) for count in counts for jobs in range(1, count + 1)}
    candidates = sorted({at_once, *(number for number in numbers if at_once < number <= MOST * at_once)})
    return min(candidates, key=lambda number: _makespan(groups, number, slots, at_once))


def _makespan(groups: Collection[Sequence[int]], most: int, slots: int, at_once: int) -> float:
    """When the last job ends if the longest are begun first, in the time of a run; idle cores count, too.

    Args:
        groups: how many seeds each recipe has, for each group of recipes that share jobs.
        most: how many runs a job computes.
        slots: how many jobs there are at the same time.
        at_once: how many runs a job computes at the same time.
    """
    sizes = [_sizes(sum(seeds), most) for seeds in groups]
    jobs = sorted((START + math.ceil(size / at_once) for group in sizes for size in group), reverse=True)
    ends = [0.0] * slots
    for job in jobs:
        heapq.heapreplace(ends, ends[0] + job)
    are_alike = len(groups) == 1 and all(len(jobs) <= min(seeds) for seeds in groups)
    unevenness = UNEVENNESS_ALIKE if are_alike else UNEVENNESS
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
