"""Which seeds one job computes: those of a recipe, in their order, cut into cohorts of nearly equal size."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assay.finished import is_finished
from assay.plan import Plan
from assay.recipe import Recipe
from assay.store import seed_folder

JOBS_PER_CORE = 4
"""With `auto`: enough that no core waits long for the last job, few enough that their starts cost little."""


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


def size(given: int | Literal["auto"], found: Collection[Wanted], cores: int | None, least: int = 1) -> int:
    """How many seeds a job computes.

    Args:
        given: what the configuration says.
        found: what is wanted.
        cores: those that the jobs share; None on a cluster, where `auto` is the least number.
        least: how many seeds a job can compute at once.
    """
    if given != "auto":
        return given
    if cores is None:
        return least
    runs = sum(len(item.seeds) for item in found)
    return max(least, runs // (cores * JOBS_PER_CORE))


def divided(seeds: Sequence[int], size: int) -> Iterator[tuple[int, ...]]:
    """Seeds in their order, in as few parts of at most `size` as there can be, of sizes alike."""
    parts = math.ceil(len(seeds) / size)
    for part in range(parts):
        yield tuple(seeds[part * len(seeds) // parts : (part + 1) * len(seeds) // parts])
