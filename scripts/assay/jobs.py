"""Every job of a plan: one result of one recipe, for a seed where there is one a seed; and what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.places import Place, split_folder, split_of
from assay.recipe import Recipe
from assay.store import seed_folder
from assay.study.order import in_order

if TYPE_CHECKING:
    from assay.plan import StudyPlan


@dataclass(frozen=True)
class Job:
    """One result that a study needs."""

    recipe: Recipe
    part: str = ""
    """Its folder below the address: a seed's, a split's, or none."""
    variant: str | None = None
    """The first variant that needs it; None for what is of the whole study."""

    @property
    def place(self) -> Place:
        """Where the result lies in any store."""
        return Place(self.recipe.stage, self.recipe.address, self.part)

    def folder(self, store: Path) -> Path:
        """Where it lies in one store."""
        return self.place.folder(store)


def jobs(study: StudyPlan) -> Iterator[Job]:
    """The jobs of a study, each after those whose results it reads, none twice."""
    yield from by_place(study).values()


def by_place(study: StudyPlan) -> dict[Place, Job]:
    """The same, by where their results lie."""
    found: dict[Place, Job] = {}

    def add(recipe: Recipe, part: str, variant: str | None) -> None:
        place = Place(recipe.stage, recipe.address, part)
        if place not in found:
            found[place] = Job(recipe, part, variant)

    for plan in study.variants:
        for seed in plan.aggregate.settings.seeds:
            add(plan.prepare, split_folder(plan.prepare, seed), plan.variant.name)
    plans = {plan.variant.name: plan for plan in study.variants}
    for plan in (plans[variant.name] for variant in in_order(study.study.variants)):
        for seed in plan.aggregate.settings.seeds:
            add(plan.train, seed_folder(seed), plan.variant.name)
    for plan in study.variants:
        for seed in plan.aggregate.settings.seeds if plan.evaluate else ():
            add(plan.measured, seed_folder(seed), plan.variant.name)
    for plan in study.variants:
        add(plan.aggregate, "", plan.variant.name)
    for recipe in (study.aggregate, study.compare, study.report):
        add(recipe, "", None)
    return found


def inputs(recipe: Recipe, part: str) -> list[Place]:
    """The results that a program reads to compute one: for train, the prepared data and then runs."""
    upstream = recipe.upstream
    if recipe.stage == "train":
        prepare = recipe.embedded["prepare"]
        return [
            Place("prepare", prepare.recorded or prepare.address, split_of(prepare, part)),
            *(Place("train", run.recorded or run.address, part) for run in recipe.recipes_read.values()),
        ]
    if recipe.stage == "evaluate":
        return [Place("train", upstream["train"], part), inputs(recipe.embedded["train"], part)[0]]
    if recipe.stage == "aggregate/variant":
        seeds = [seed_folder(seed) for seed in recipe.settings.seeds]
        stages = [stage for stage in ("train", "evaluate") if stage in upstream]
        return [Place(stage, upstream[stage], seed) for seed in seeds for stage in stages]
    if recipe.stage == "aggregate/study":
        return [Place("aggregate/variant", address) for address in upstream.values()]
    return [Place(stage, address) for stage, address in upstream.items()]


def waited_for(recipe: Recipe, part: str) -> list[Place]:
    """Of the results that a program reads, those that it waits for: an evaluation has waited for its run."""
    read = inputs(recipe, part)
    return [place for place in read if place.stage == "evaluate"] or read
