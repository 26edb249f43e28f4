"""What each rule reads, by the address of what it makes: receipts of the plan's results."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from assay.plan import Plan, split_folder
from assay.store import RECEIPT, seed_folder


@dataclass(frozen=True)
class RuleFiles:
    """The files of a plan, as the rules ask for them. Seeds come as text: they are wildcards."""

    plan: Plan

    def receipt(self, stage: str, address: str, part: str = "") -> str:
        """The receipt of a result; `part` is the folder of a seed or a split."""
        return str(self.plan.store / stage / address / part / RECEIPT)

    def prepared(self, address: str, seed: str) -> str:
        """The receipt of the prepared data that a run of train recipe `address` reads."""
        upstream = self.plan.recipes["train", address].embedded["prepare"]
        return self.receipt("prepare", upstream.address, split_folder(upstream, int(seed)))

    def runs_read(self, address: str, seed: str) -> list[str]:
        """The receipts of other variants' runs that a run of train recipe `address` reads."""
        folders = self.plan.recipes["train", address].runs_read(self.plan.store, int(seed))
        return [str(folder / RECEIPT) for folder in folders.values()]

    def read_arguments(self, address: str, seed: str) -> str:
        """The same as arguments of `scripts/train.py`."""
        folders = self.plan.recipes["train", address].runs_read(self.plan.store, int(seed))
        return " ".join(f"--read {shlex.quote(f'{name}={folder}')}" for name, folder in folders.items())

    def trained(self, address: str, seed: str) -> str:
        """The receipt of the run that a run of evaluate recipe `address` reads."""
        upstream = self.plan.recipes["evaluate", address].upstream["train"]
        return self.receipt("train", upstream, seed_folder(int(seed)))

    def measured_on(self, address: str, seed: str) -> str:
        """The receipt of the prepared data that a run of evaluate recipe `address` reads."""
        return self.prepared(self.plan.recipes["evaluate", address].upstream["train"], seed)

    def runs(self, address: str) -> list[str]:
        """The receipts that aggregate recipe `address` of a variant reads."""
        recipe = self.plan.recipes["aggregate/variant", address]
        stage = "evaluate" if "evaluate" in recipe.upstream else "train"
        upstream = recipe.upstream[stage]
        return [self.receipt(stage, upstream, seed_folder(s)) for s in recipe.settings.seeds]

    def variants(self, address: str) -> list[str]:
        """The receipts that aggregate recipe `address` of a study reads, in the study's order."""
        upstream = self.plan.recipes["aggregate/study", address].upstream
        return [self.receipt("aggregate/variant", item) for item in upstream.values()]

    def study_table(self, stage: str, address: str) -> str:
        """The receipt of the study's table that a compare or report recipe reads."""
        return self.receipt("aggregate/study", self.plan.recipes[stage, address].upstream["aggregate/study"])

    def comparisons(self, address: str) -> str:
        """The receipt of the comparisons that report recipe `address` reads."""
        return self.receipt("compare", self.plan.recipes["report", address].upstream["compare"])

    def study_of(self, address: str) -> str:
        """The name of the study that a report, comparison or study table belongs to."""
        return next(
            study.study.name
            for study in self.plan.studies
            if address in (study.report.address, study.compare.address, study.aggregate.address)
        )
