"""The rules that train and evaluate: by patterns, for jobs with seeds of one recipe, or a rule for each job.

A rule has one output a run, however runs are put together: so other jobs make nothing anew. All recipes with
the same seeds share a pattern.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from assay.cohorts.division import RecipeSeeds, Wanted, divided, shared_jobs, wanted
from assay.recipe import Recipe
from assay.rule_files import RuleFiles
from assay.store import RECEIPT, RECIPE, seed_folder

ANY = "[0-9a-f]{12}-[0-9a-f]{8}"
"""What an address looks like."""


class Wildcards(Protocol):
    """What Snakemake found in the path of an output."""

    stage: str
    address: str
    seed: str


@dataclass(frozen=True)
class TrainRule:
    """A rule that trains and evaluates. Its text is short: Snakemake takes it with each of its functions."""

    name: str
    files: RuleFiles
    outputs: list[str] = field(repr=False)
    """The receipts of a job's results, as patterns where the rule has more than one job."""
    log: str
    """What a job says of its runs, likewise."""
    addresses: str = ANY
    """A regular expression: the recipes that the patterns are for."""
    seeds: tuple[int, ...] | None = None
    """Those of each job; None: any one, a wildcard."""
    shared: tuple[RecipeSeeds, ...] = field(default=(), repr=False)
    """What the rule's only job computes; nothing where the outputs are patterns."""

    def computed(self, wildcards: Wildcards) -> Sequence[RecipeSeeds]:
        """What a job computes."""
        if self.shared:
            return self.shared
        seeds = (int(wildcards.seed),) if self.seeds is None else self.seeds
        return [RecipeSeeds(self.files.plan.recipes[wildcards.stage, wildcards.address], seeds)]

    def recipes(self, wildcards: Wildcards) -> list[str]:
        """The files of the recipes of a job."""
        return [self._file(part.recipe) for part in self.computed(wildcards)]

    def arguments(self, wildcards: Wildcards) -> str:
        """What a job computes, as arguments of `scripts/cohort.py`."""
        return " ".join(
            f"--recipe {shlex.quote(self._file(part.recipe))} --seeds {' '.join(map(str, part.seeds))}"
            for part in self.computed(wildcards)
        )

    def _file(self, recipe: Recipe) -> str:
        return str(recipe.folder(self.files.plan.store) / RECIPE)

    def data(self, wildcards: Wildcards) -> list[str]:
        """The receipts of the prepared data that a job reads."""
        return self._receipts(self.files.prepared, wildcards)

    def read(self, wildcards: Wildcards) -> list[str]:
        """The receipts of other variants' runs that a job waits for."""
        return self._receipts(self.files.runs_read, wildcards)

    def _receipts(
        self, of: Callable[[str, str, Sequence[int]], list[str]], wildcards: Wildcards
    ) -> list[str]:
        found = (of(part.recipe.stage, part.recipe.address, part.seeds) for part in self.computed(wildcards))
        return list(dict.fromkeys(chain.from_iterable(found)))


def train_rules(files: RuleFiles, cores: int | None, is_main: bool) -> Iterator[TrainRule]:
    """The rules of a plan.

    On one machine, jobs are cut from what is not finished. On a cluster, where each job reads the workflow
    again while others finish, they are cut from all seeds: the rules are the same for all.

    Args:
        files: the plan, and what its rules read.
        cores: those that jobs share; None on a cluster.
        is_main: whether this is the process that the user started.
    """
    found, machine = wanted(files.plan, finished_too=cores is None), files.plan.machine
    if cores is not None and machine.seeds_per_job == "auto":
        jobs = list(shared_jobs(found, cores, machine.at_once))
        if any(len(job) > 1 or len(job[0].seeds) > 1 for job in jobs):
            yield from _shared_rules(jobs, files)
            return  # where each job has one run, patterns say the same
    yield from _seeds_rules(found, files, is_main)


def _shared_rules(jobs: Sequence[tuple[Wanted, ...]], files: RuleFiles) -> Iterator[TrainRule]:
    """A rule for each of these jobs: `train_1_of_2`."""
    store = files.plan.store
    for kind in ("train", "evaluate"):
        own = [job for job in jobs if _kind(job[0]) == kind]
        for number, job in enumerate(own, 1):
            folders = [item.recipe.folder(store) / seed_folder(seed) for item in job for seed in item.seeds]
            outputs = [str(folder / RECEIPT) for folder in folders]
            first = job[0].recipe
            name = f"{len(outputs)}_runs_{_digest(outputs)}"
            log = f"{store}/logs/{first.stage}/{first.address}/{name}.log"
            yield TrainRule(f"{kind}_{number}_of_{len(own)}", files, outputs, log, shared=job)


def _seeds_rules(found: Sequence[Wanted], files: RuleFiles, is_main: bool) -> Iterator[TrainRule]:
    """A rule for all jobs with the same seeds: `train`, `train_5_seeds_from_0`."""
    store = files.plan.store
    together: dict[tuple[str, tuple[int, ...] | None], list[str]] = {}
    for item in found:
        parts = [*divided(item.seeds, files.plan.machine.seeds_of_one_recipe)]
        single = all(len(seeds) == 1 for seeds in parts)
        for kind in [_kind(item)] if is_main else ["train", "evaluate"]:
            for seeds in [None] if single else parts:
                together.setdefault((kind, seeds), []).append(item.recipe.address)
    for (kind, seeds), addresses in together.items():
        is_all = not is_main or len(addresses) == len(found)
        name = kind if seeds is None else f"{kind}_{_seeds_name(seeds)}"
        numbers = ["{seed}"] if seeds is None else map(str, seeds)
        outputs = [f"{store}/{{stage}}/{{address}}/seed-{number}/{RECEIPT}" for number in numbers]
        log = "seed-{seed}" if seeds is None else _seeds_name(seeds)
        pattern = ANY if is_all else "|".join(addresses)
        yield TrainRule(name, files, outputs, f"{store}/logs/{{stage}}/{{address}}/{log}.log", pattern, seeds)


def _kind(item: Wanted) -> str:
    """What is still to do."""
    return "evaluate" if item.is_trained else "train"


def _seeds_name(seeds: tuple[int, ...]) -> str:
    """Seeds in a name: `5_seeds_from_0`; with a digest where they are not consecutive."""
    name = f"{len(seeds)}_seeds_from_{seeds[0]}"
    if seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return name
    return f"{name}_{_digest(map(str, seeds))[:4]}"


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]
