"""What each job asks a cluster for, in the names of Snakemake and of the official executor plugins.

Time, memory, CPUs and GPUs are what the study says (`resources`), else estimates; where a job is sent, and at
whose cost, say `machine.cluster` and the environment.

CPUs and GPUs, which a job of Slurm asks for once more when it reads the plan itself, follow from settings
alone; memory and time also from what the store has, which grows between two readings.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from assay.estimates import DAY, JOB_MEMORY, JOB_MINUTES, Estimator
from assay.needs import Needs, gpus_said, most, overlaid
from assay.plan import Plan, StudyPlan
from assay.recipe import Recipe
from assay.scheduler_names import Resource, Resources, named
from assay.settings.cluster import ClusterSettings
from assay.settings.config import MachineSettings
from assay.settings.resources import JobSettings, ResourceSettings, minutes

ENVIRONMENT = {
    "partition": ("ASSAY_PARTITION", "SBATCH_PARTITION"),
    "account": ("ASSAY_ACCOUNT", "SBATCH_ACCOUNT"),
    "qos": ("ASSAY_QOS", "SBATCH_QOS"),
    "constraint": ("ASSAY_CONSTRAINT", "SBATCH_CONSTRAINT"),
}
"""Key of `machine.cluster` → the variable that goes before it, and Slurm's, which goes after it."""
GPU_PARTITION = "ASSAY_GPU_PARTITION"

CHANGING = ("mem_mb", "runtime", "htcondor_request_mem_mb")
"""What may be estimated anew while a call lasts: once data are prepared, and for another attempt."""


Rule = dict[str, Resource | Callable[..., Any]]
"""The resources of a rule: name → value, or function of wildcards."""


def cluster_of(machine: MachineSettings, environment: Mapping[str, str] = os.environ) -> ClusterSettings:
    """`machine.cluster` with what the environment says."""
    cluster = machine.cluster
    found = {
        key: environment.get(before) or getattr(cluster, key) or environment.get(after, "")
        for key, (before, after) in ENVIRONMENT.items()
    }
    partition = environment.get(GPU_PARTITION) or cluster.gpu.partition
    return cluster.model_copy(update=found | {"gpu": cluster.gpu.model_copy(update={"partition": partition})})


class Requests:
    """What the jobs of a plan ask for; each is worked out once.

    Args:
        plan: all that a call of Snakemake may do.
        environment: the variables to go by.
    """

    def __init__(self, plan: Plan, environment: Mapping[str, str] = os.environ) -> None:
        self.plan, self.cluster = plan, cluster_of(plan.machine, environment)
        self.estimator = Estimator(plan.store, plan.machine)
        self._needs: dict[tuple[str, str], tuple[Needs, float, JobSettings]] = {}
        self._found: dict[tuple[str, str, int, int], Resources] = {}
        self._early: set[tuple[str, str, int, int]] = set()  # what was worked out before data were prepared
        self._rules: dict[tuple[tuple[str, ...], int], Rule] = {}

    def of(self, stage: str, address: str, seeds: int = 1, attempt: int = 1) -> Resources:
        """What a job asks for that makes so many seeds of the recipe at an address.

        A job of runs asks for the time of all of its seeds, and for the memory and the CPUs of those that it
        computes at once; where no memory is given, for twice as much at each further attempt.
        """
        key = (stage, address, seeds, attempt)
        recipe = self.plan.recipes[stage, address]
        if key not in self._found or (key in self._early and self._is_final(recipe)):
            (self._early.discard if self._is_final(recipe) else self._early.add)(key)
            needs = self.needs(stage, address, seeds, attempt)
            self._found[key] = named(needs, self.cluster, rule_of(stage))
        return self._found[key]

    def functions(self, *stages: str, seeds: int = 1) -> Rule:
        """The resources of a rule, for `resources: **…`: a value where all of its jobs ask for the same, else
        a function of wildcards.

        Args:
            stages: what the wildcard `address` may be of; one of several is said by the wildcard `stage`.
            seeds: how many seeds each of its jobs makes.
        """
        if (stages, seeds) not in self._rules:
            self._rules[stages, seeds] = self._rule(stages, seeds)
        return self._rules[stages, seeds]

    def _rule(self, stages: tuple[str, ...], seeds: int) -> Rule:
        asked = [self.of(*key, seeds) for key in self.plan.recipes if key[0] in stages]
        found: Rule = {}
        for name in dict.fromkeys(name for resources in asked for name in resources):
            values = {resources.get(name) for resources in asked}
            value = values.pop()
            same = value is not None and not values and name not in CHANGING
            found[name] = (
                value if same and value is not None else partial(_of_job, self, stages[0], seeds, name)
            )
        return found

    @cached_property
    def measured(self) -> set[tuple[str, str]]:
        """(stage, address) of every recipe that is the last to be done once a seed; its job does both."""
        variants = [variant for study in self.plan.studies for variant in study.variants]
        return {(variant.measured.stage, variant.measured.address) for variant in variants}

    def needs(self, stage: str, address: str, seeds: int = 1, attempt: int = 1) -> Needs:
        """The same as amounts, whatever the scheduler is called."""
        one, seconds, given = self._one(stage, address)
        said = minutes(given.runtime) if given.runtime else 0
        longest = minutes(self.cluster.time_limit) if self.cluster.time_limit else max(DAY, said)
        if rule_of(stage) != "train":
            memory = one.memory if given.memory else _rounded(one.memory + JOB_MEMORY) * 2 ** (attempt - 1)
            return replace(one, memory=memory).cut(longest)
        at_once = min(seeds, self.plan.machine.runs_per_gpu) if one.gpus else 1
        memory = one.memory * at_once
        if not given.memory:
            memory = _rounded(memory + JOB_MEMORY) * 2 ** (attempt - 1)
        time = one.minutes * seeds if given.runtime else JOB_MINUTES + math.ceil(seconds * seeds / 60)
        return replace(one, memory=memory, minutes=time, cpus=one.cpus * at_once).cut(longest)

    def _one(self, stage: str, address: str) -> tuple[Needs, float, JobSettings]:
        """What one result needs; its seconds where they are estimated; and what the studies say of it."""
        if (stage, address) in self._needs:
            return self._needs[stage, address]
        recipe, rule, seconds = self.plan.recipes[stage, address], rule_of(stage), 0.0
        given = most([self._said(study, rule) for study in self.studies[stage, address]])
        if rule == "train":
            estimated, seconds = self.estimator.run(_trained(recipe), gpus_said(given))
        elif rule == "prepare":
            estimated = self.estimator.prepare(recipe)
        else:
            estimated = self.estimator.tables(rule, self._runs[stage, address])
        found = (overlaid(estimated, given), seconds, given)
        if self._is_final(recipe):
            self._needs[stage, address] = found
        return found

    def _is_final(self, recipe: Recipe) -> bool:
        """Whether an estimate will not be better once data are prepared."""
        if rule_of(recipe.stage) != "train":
            return True
        return self.estimator.is_prepared(_trained(recipe).embedded["prepare"])

    @cached_property
    def studies(self) -> dict[tuple[str, str], list[StudyPlan]]:
        """(stage, address) → the studies that it is part of."""
        found: dict[tuple[str, str], list[StudyPlan]] = {}
        for study in self.plan.studies:
            for recipe in dict.fromkeys((r.stage, r.address) for r in _recipes(study)):
                found.setdefault(recipe, []).append(study)
        return found

    @cached_property
    def _runs(self) -> dict[tuple[str, str], int]:
        """(stage, address) → how many runs its job looks at."""
        found: dict[tuple[str, str], int] = {}
        for study in self.plan.studies:
            seeds = len(study.study.seeds)
            found |= {(v.aggregate.stage, v.aggregate.address): seeds for v in study.variants}
            for recipe in (study.aggregate, study.compare, study.report):
                found[recipe.stage, recipe.address] = seeds * len(study.variants)
        return found

    @staticmethod
    def _said(study: StudyPlan, rule: str) -> JobSettings | None:
        said: JobSettings | None = getattr(study.study.settings.resources, rule)
        return said


def _of_job(requests: Requests, stage: str, seeds: int, name: str, wildcards: Any, attempt: int) -> Any:
    stage = getattr(wildcards, "stage", stage)
    return requests.of(stage, wildcards.address, seeds, attempt).get(name)


def _rounded(memory: int) -> int:
    """MB, up to whole hundreds: jobs that ask for the same are easier to place."""
    return -(-memory // 100) * 100


RULES = tuple(ResourceSettings.model_fields)
"""The keys of a study's `resources`, in the order of the stages; the names of rules begin with them."""


def rule_of(stage: str) -> str:
    """The key of a study's `resources` for a stage; a run is evaluated by the job that trains it."""
    rule = stage.split("/")[0]
    return "train" if rule == "evaluate" else rule


def _trained(recipe: Recipe) -> Recipe:
    return recipe.embedded["train"] if recipe.stage == "evaluate" else recipe


def _recipes(study: StudyPlan) -> Iterator[Recipe]:
    for variant in study.variants:
        yield from (variant.prepare, variant.train, variant.measured, variant.aggregate)
    yield from (study.aggregate, study.compare, study.report)
