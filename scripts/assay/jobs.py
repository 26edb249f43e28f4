"""Every job of a plan: one result of one recipe, for a seed where there is one a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assay import finished
from assay.plan import Plan, StudyPlan, split_folder
from assay.recipe import Recipe
from assay.store import RECEIPT, seed_folder
from assay.study.order import in_order


@dataclass(frozen=True)
class Job:
    """One result that a study needs."""

    recipe: Recipe
    part: str = ""
    """Its folder below the address: a seed's, a split's, or none."""
    variant: str | None = None
    """The first variant that needs it; None for what is of the whole study."""

    def folder(self, store: Path) -> Path:
        """Where the result lies."""
        return self.recipe.folder(store) / self.part


def jobs(study: StudyPlan) -> Iterator[Job]:
    """The jobs of a study, each after those whose results it reads, none twice."""
    found: dict[tuple[str, str, str], Job] = {}

    def add(recipe: Recipe, part: str, variant: str | None) -> None:
        found.setdefault((recipe.stage, recipe.address, part), Job(recipe, part, variant))

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
    yield from found.values()


def restore_receipts(plan: Plan) -> None:
    """Put back receipts that another call of the workflow deleted when it began what was finished already."""
    for study in plan.studies:
        for job in jobs(study):
            folder = job.folder(plan.store)
            if not (folder / RECEIPT).exists() and (folder / finished.SEAL).exists():
                finished.restore_receipt(folder)
