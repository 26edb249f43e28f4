"""The rules that train and evaluate: by patterns, for jobs with seeds of one recipe, or a rule for each job.

A rule has one output a run, however runs are put together: so other jobs make nothing anew. All recipes with
the same seeds share a pattern.
"""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from assay.cohorts.division import Wanted, divided, shares, wanted
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
class Part:
    """What a job computes of one recipe."""

    stage: str
    address: str
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class TrainRule:
    """A rule that trains and evaluates."""

    name: str
    files: RuleFiles
    outputs: list[str]
    """The receipts of a job's results, as patterns."""
    log: str
    """What a job says of its runs, as a pattern."""
    addresses: str = ANY
    """A regular expression: the recipes whose jobs these are."""
    seeds: tuple[int, ...] | None = None
    """Those of each job; None: any one, a wildcard."""
    shared: tuple[Part, ...] = ()
    """What its only job computes; nothing where there is a job a recipe."""

    def parts(self, wildcards: Wildcards) -> Sequence[Part]:
        """What a job computes."""
        if self.shared:
            return self.shared
        seeds = (int(wildcards.seed),) if self.seeds is None else self.seeds
        return [Part(wildcards.stage, wildcards.address, seeds)]

    def recipes(self, wildcards: Wildcards) -> list[str]:
        """The files of the recipes of a job."""
        return [
            str(self.files.plan.store / part.stage / part.address / RECIPE) for part in self.parts(wildcards)
        ]

    def arguments(self, wildcards: Wildcards) -> str:
        """What a job computes, as arguments of `scripts/cohort.py`."""
        files = map(shlex.quote, self.recipes(wildcards))
        seeds = (" ".join(map(str, part.seeds)) for part in self.parts(wildcards))
        return " ".join(f"--recipe {file} --seeds {own}" for file, own in zip(files, seeds, strict=True))

    def data(self, wildcards: Wildcards) -> list[str]:
        """The receipts of the prepared data that a job reads."""
        found = (self.files.prepared(p.stage, p.address, p.seeds) for p in self.parts(wildcards))
        return list(dict.fromkeys(receipt for receipts in found for receipt in receipts))

    def read(self, wildcards: Wildcards) -> list[str]:
        """The receipts of other variants' runs that a job waits for."""
        found = (self.files.runs_read(p.stage, p.address, p.seeds) for p in self.parts(wildcards))
        return [receipt for receipts in found for receipt in receipts]


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
        jobs = list(shares(found, cores, machine.at_once))
        if any(len(job) > 1 or len(job[0].seeds) > 1 for job in jobs):
            yield from _shared_rules(jobs, files)
            return
    yield from _seeds_rules(found, files, is_main)


def _shared_rules(jobs: Sequence[tuple[Wanted, ...]], files: RuleFiles) -> Iterator[TrainRule]:
    """A rule for each of these jobs: `train_1_of_2`."""
    store = files.plan.store
    numbers = {kind: count(1) for kind in ("train", "evaluate")}
    kinds = Counter(_kind(job[0]) for job in jobs)
    for job in jobs:
        kind = _kind(job[0])
        parts = tuple(Part(item.recipe.stage, item.recipe.address, item.seeds) for item in job)
        outputs = [
            f"{store}/{part.stage}/{part.address}/{seed_folder(seed)}/{RECEIPT}"
            for part in parts
            for seed in part.seeds
        ]
        log = f"{store}/logs/{parts[0].stage}/{parts[0].address}/{len(outputs)}_runs_{_digest(outputs)}.log"
        name = f"{kind}_{next(numbers[kind])}_of_{kinds[kind]}"
        yield TrainRule(name, files, outputs, log, shared=parts)


def _seeds_rules(found: Sequence[Wanted], files: RuleFiles, is_main: bool) -> Iterator[TrainRule]:
    """A rule for all jobs with the same seeds: `train`, `train_5_seeds_from_0`."""
    store = files.plan.store
    together: dict[tuple[str, tuple[int, ...] | None], list[str]] = {}
    for item in found:
        parts = [*divided(item.seeds, files.plan.machine.seeds_of_a_job)]
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
