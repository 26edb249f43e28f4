"""What each rule reads, by the address of what it makes: receipts of the plan's results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from assay.jobs import inputs, waited_for
from assay.places import Place
from assay.plan import Plan
from assay.recipe import Recipe
from assay.store import RECEIPT, seed_folder


@dataclass(frozen=True)
class RuleFiles:
    """The files of a plan, as the rules ask for them."""

    plan: Plan

    def inputs(self, recipe: Recipe, part: str) -> list[Place]:
        """The results that must be there before one is begun; `part` is the folder of its seed or split.

        One job trains and evaluates: who reads a run waits for its evaluation.
        """
        if recipe.stage == "evaluate":
            recipe = recipe.embedded["train"]
        if recipe.stage == "train":
            read = inputs(recipe, part)
            return [read[0], *(Place(*self._measured[place.address], part) for place in read[1:])]
        return waited_for(recipe, part)

    @cached_property
    def _measured(self) -> dict[str, tuple[str, str]]:
        """Address of a train recipe → stage and address of the last result that is made of its runs."""
        variants = [variant for study in self.plan.studies for variant in study.variants]
        return {v.train.address: (v.measured.stage, v.measured.address) for v in variants}

    def _receipts(self, read: tuple[str, ...], stage: str, address: str, part: str = "") -> list[str]:
        """The receipts of some stages, those that a result at an address waits for."""
        found = self.inputs(self.plan.recipes[stage, address], part)
        return [str(place.folder(self.plan.store) / RECEIPT) for place in found if place.stage in read]

    def prepared(self, stage: str, address: str, seeds: Sequence[int]) -> list[str]:
        """The receipts of the prepared data that runs of a train or evaluate recipe read."""
        return [
            receipt
            for seed in seeds
            for receipt in self._receipts(("prepare",), stage, address, seed_folder(seed))
        ]

    def runs_read(self, stage: str, address: str, seeds: Sequence[int]) -> list[str]:
        """The receipts of other variants' runs that runs of a train or evaluate recipe wait for."""
        return [
            receipt
            for seed in seeds
            for receipt in self._receipts(("train", "evaluate"), stage, address, seed_folder(seed))
        ]

    def runs(self, address: str) -> list[str]:
        """The receipts that aggregate recipe `address` of a variant waits for.

        None once it is finished: what exists is valid, and Snakemake plans no job for what nothing reads.
        """
        if (self.plan.recipes["aggregate/variant", address].folder(self.plan.store) / RECEIPT).exists():
            return []
        return self._receipts(("evaluate", "train"), "aggregate/variant", address)

    def variants(self, address: str) -> list[str]:
        """The receipts that aggregate recipe `address` of a study reads, in the study's order."""
        return self._receipts(("aggregate/variant",), "aggregate/study", address)

    def study_table(self, stage: str, address: str) -> str:
        """The receipt of the study's table that a compare or report recipe reads."""
        return self._receipts(("aggregate/study",), stage, address)[0]

    def comparisons(self, address: str) -> str:
        """The receipt of the comparisons that report recipe `address` reads."""
        return self._receipts(("compare",), "report", address)[0]

    def study_of(self, address: str) -> str:
        """The name of the study that a report, comparison or study table belongs to."""
        return next(
            study.study.name
            for study in self.plan.studies
            if address in (study.report.address, study.compare.address, study.aggregate.address)
        )
