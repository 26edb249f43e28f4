"""Plans of a study in this process: its recipes by stage and variant, its jobs, and what differs of two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from assay import plan as planning
from assay.jobs import jobs
from assay.recipe import Recipe

from soundness import study

Job = tuple[str, str, str]
"""Stage, address and folder below it."""


class Planned:
    """The recipes and jobs of a study that is put into the current folder."""

    def __init__(self, content: Mapping[str, Any], **config: Any) -> None:
        study.write(Path("config/studies/small.yaml"), content)
        [plan] = planning.load_plan({"study": "small", **config}).studies
        self.recipes: dict[study.Place, Recipe] = {}
        for variant in plan.variants:
            for recipe in (variant.prepare, variant.train, variant.measured, variant.aggregate):
                self.recipes[recipe.stage, variant.variant.name] = recipe
        for recipe in (plan.aggregate, plan.compare, plan.report):
            self.recipes[recipe.stage, ""] = recipe
        self.settings = {variant.variant.name: variant.variant.settings for variant in plan.variants}
        self.jobs: set[Job] = {(job.recipe.stage, job.recipe.address, job.part) for job in jobs(plan)}

    def of(self, places: set[study.Place]) -> set[Job]:
        """All jobs of some recipes."""
        addresses = {(stage, self.recipes[stage, variant].address) for stage, variant in places}
        return {job for job in self.jobs if job[:2] in addresses}

    def moved(self, since: Planned) -> set[study.Place]:
        """The recipes that have another address than in an earlier plan, or were not in it."""
        before = {place: recipe.address for place, recipe in since.recipes.items()}
        return {place for place, recipe in self.recipes.items() if before.get(place) != recipe.address}

    def to_run(self, since: Planned) -> set[Job]:
        """The jobs to do where the results of an earlier plan are all there."""
        return self.jobs - since.jobs


@contextmanager
def unchanging_code() -> Iterator[None]:
    """Plan without reading modules anew: nobody edits them meanwhile."""
    planning.forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "forget", lambda: None)
        yield
    planning.forget()
