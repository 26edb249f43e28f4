"""The rules that train and evaluate: one for single seeds, and one for each set of seeds that a job computes.

A rule has one output a seed, whatever its cohorts are: so another size of them makes nothing anew. All
recipes with the same seeds share a rule.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from assay.cohorts.division import divided, size, wanted
from assay.plan import Plan
from assay.rule_files import RuleFiles
from assay.store import RECEIPT

ANY = "[0-9a-f]{12}-[0-9a-f]{8}"
"""What an address looks like."""


class Wildcards(Protocol):
    """What Snakemake found in the path of an output."""

    stage: str
    address: str
    seed: str


@dataclass(frozen=True)
class TrainRule:
    """A rule that trains and evaluates."""

    name: str
    files: RuleFiles
    seeds: tuple[int, ...] | None
    """Those of each job; None: any one, a wildcard."""
    addresses: str = ANY
    """A regular expression: the recipes whose jobs these are."""

    @property
    def outputs(self) -> list[str]:
        """The receipts of a job's results, as patterns."""
        seeds = ["{seed}"] if self.seeds is None else map(str, self.seeds)
        return [f"{self.files.plan.store}/{{stage}}/{{address}}/seed-{seed}/{RECEIPT}" for seed in seeds]

    @property
    def log(self) -> str:
        """What a job says of its seeds, as a pattern."""
        seeds = "seed-{seed}" if self.seeds is None else _seeds_name(self.seeds)
        return f"{self.files.plan.store}/logs/{{stage}}/{{address}}/{seeds}.log"

    def of(self, wildcards: Wildcards) -> Sequence[int]:
        """The seeds of a job."""
        return (int(wildcards.seed),) if self.seeds is None else self.seeds

    def arguments(self, wildcards: Wildcards) -> str:
        """The same as arguments of `scripts/cohort.py`."""
        return " ".join(map(str, self.of(wildcards)))

    def data(self, wildcards: Wildcards) -> list[str]:
        """The receipts of the prepared data that a job reads."""
        found = self.files.prepared(wildcards.stage, wildcards.address, self.of(wildcards))
        return list(dict.fromkeys(found))

    def read(self, wildcards: Wildcards) -> list[str]:
        """The receipts of other variants' runs that a job waits for."""
        return self.files.runs_read(wildcards.stage, wildcards.address, self.of(wildcards))


def train_rules(plan: Plan, files: RuleFiles, cores: int | None, is_main: bool) -> Iterator[TrainRule]:
    """The rules of a plan.

    On one machine, the cohorts are cut from what is not finished. On a cluster, where each job reads the
    workflow again while others finish, they are cut from all seeds: the rules are the same for all.

    Args:
        plan: the plan.
        files: what it reads.
        cores: those that jobs share; None on a cluster.
        is_main: whether this is the process that the user started.
    """
    found = wanted(plan, finished_too=cores is None)
    to_train = [item for item in found if not item.is_trained]
    number = size(plan.machine.seeds_per_job, to_train, cores, plan.machine.at_once)
    together: dict[tuple[str, tuple[int, ...] | None], list[str]] = {}
    for item in found:
        kinds = ["evaluate" if item.is_trained else "train"] if is_main else ["train", "evaluate"]
        parts = [*divided(item.seeds, number)]
        single = all(len(seeds) == 1 for seeds in parts)
        for kind in kinds:
            for seeds in [None] if single else parts:
                together.setdefault((kind, seeds), []).append(item.recipe.address)
    for (kind, seeds), addresses in together.items():
        is_all = not is_main or len(addresses) == len(found)
        pattern = ANY if is_all else "|".join(addresses)
        yield TrainRule(_name(kind, seeds), files, seeds, pattern)


def _name(kind: str, seeds: tuple[int, ...] | None) -> str:
    """What a rule is called: `train`, `train_5_seeds_from_0`."""
    return kind if seeds is None else f"{kind}_{_seeds_name(seeds)}"


def _seeds_name(seeds: tuple[int, ...]) -> str:
    """A cohort in a name: `5_seeds_from_0`; with a digest where the seeds are not consecutive."""
    name = f"{len(seeds)}_seeds_from_{seeds[0]}"
    if seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return name
    return f"{name}_{hashlib.sha256(' '.join(map(str, seeds)).encode()).hexdigest()[:4]}"
