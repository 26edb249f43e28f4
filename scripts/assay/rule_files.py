"""What each rule reads, by the address of what it makes: receipts of the plan's results."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from assay.jobs import inputs
from assay.places import Place
from assay.plan import Plan
from assay.recipe import Recipe
from assay.store import RECEIPT, seed_folder


@dataclass(frozen=True)
class RuleFiles:
    """The files of a plan, as the rules ask for them. Seeds come as text: they are wildcards."""

    plan: Plan

    def inputs(self, recipe: Recipe, part: str) -> list[Place]:
        """The results that the rule of a result waits for; `part` is the folder of its seed or split."""
        read = inputs(recipe, part)
        # an evaluation has waited for its run
        return [place for place in read if place.stage == "evaluate"] or read

    def _receipts(self, read: str, stage: str, address: str, seed: str = "") -> list[str]:
        """The receipts of one stage, those that a result at an address waits for."""
        part = seed_folder(int(seed)) if seed else ""
        found = self.inputs(self.plan.recipes[stage, address], part)
        return [str(place.folder(self.plan.store) / RECEIPT) for place in found if place.stage == read]

    def prepared(self, address: str, seed: str) -> str:
        """The receipt of the prepared data that a run of train recipe `address` reads."""
        return self._receipts("prepare", "train", address, seed)[0]

    def runs_read(self, address: str, seed: str) -> list[str]:
        """The receipts of other variants' runs that a run of train recipe `address` reads."""
        return self._receipts("train", "train", address, seed)

    def read_arguments(self, address: str, seed: str) -> str:
        """The same as arguments of `scripts/train.py`."""
        folders = self.plan.recipes["train", address].runs_read(self.plan.store, int(seed))
        return " ".join(f"--read {shlex.quote(f'{name}={folder}')}" for name, folder in folders.items())

    def trained(self, address: str, seed: str) -> str:
        """The receipt of the run that a run of evaluate recipe `address` reads."""
        return self._receipts("train", "evaluate", address, seed)[0]

    def measured_on(self, address: str, seed: str) -> str:
        """The receipt of the prepared data that a run of evaluate recipe `address` reads."""
        return self._receipts("prepare", "evaluate", address, seed)[0]

    def runs(self, address: str) -> list[str]:
        """The receipts that aggregate recipe `address` of a variant waits for."""
        found = self._receipts("evaluate", "aggregate/variant", address)
        return found or self._receipts("train", "aggregate/variant", address)

    def variants(self, address: str) -> list[str]:
        """The receipts that aggregate recipe `address` of a study reads, in the study's order."""
        return self._receipts("aggregate/variant", "aggregate/study", address)

    def study_table(self, stage: str, address: str) -> str:
        """The receipt of the study's table that a compare or report recipe reads."""
        return self._receipts("aggregate/study", stage, address)[0]

    def comparisons(self, address: str) -> str:
        """The receipt of the comparisons that report recipe `address` reads."""
        return self._receipts("compare", "report", address)[0]

    def study_of(self, address: str) -> str:
        """The name of the study that a report, comparison or study table belongs to."""
        return next(
            study.study.name
            for study in self.plan.studies
            if address in (study.report.address, study.compare.address, study.aggregate.address)
        )
