"""Why each job of a study would run: what is not there, and what separates it from what is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from assay.differences import recipes
from assay.differences.known import Known, Recipes, plain
from assay.differences.modules import Modules
from assay.differences.nearest import Nearest
from assay.differences.recipes import Differences, Plain
from assay.finished import is_finished
from assay.jobs import Job, jobs, waited_for
from assay.places import Place
from assay.plan import Plan, StudyPlan, failure_reason
from assay.recipe import Recipe
from assay.store import can_continue, is_claimed

Key = tuple[str, str]
"""Stage and address."""


@dataclass(frozen=True)
class State:
    """How far one job that would run is."""

    part: str
    """A seed's or split's folder, or none."""
    name: str
    """`not run yet`, `running`, `failed` or `interrupted`."""
    reason: str = ""
    """Why it failed."""


@dataclass(frozen=True)
class Reason:
    """Why the jobs of one recipe would run."""

    recipe: Recipe
    variants: tuple[str, ...]
    """Those that need it; none for what is of the whole study."""
    states: tuple[State, ...]
    """Of each job that would run."""
    total: int
    """The jobs of the recipe, those that are finished included."""
    reads: Mapping[str, int]
    """Stage → how many results of it are read that are to be made first."""
    finished: int
    """How many results there are at its address."""
    nearest: Known | None = None
    """If there are none: the nearest of the same stage."""
    differences: Differences = field(default_factory=Differences)
    """What separates that one (old) from this one (new); what is to be made first is left out."""


class Reasons:
    """Why the jobs of a plan would run.

    Args:
        plan: of one study or several.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.recipes = Recipes(plan.store)
        self._nearest = Nearest(self.recipes)
        self._modules = Modules(plan.store)
        self._needed = {study.study.name: list(_needed(plan, study)) for study in plan.studies}
        self._to_run = {job.place.key for found in self._needed.values() for job, _ in found}

    def of(self, study: StudyPlan) -> Iterator[Reason]:
        """Each recipe of a study with jobs to run, after those that it reads."""
        groups: dict[Key, list[tuple[Job, list[Job]]]] = {}
        for job, reads in self._needed[study.study.name]:
            groups.setdefault(job.place.key, []).append((job, reads))
        totals, users = Counter(job.place.key for job in jobs(study)), _users(study)
        for key, found in groups.items():
            existing = self.recipes.known(key[0]).get(key[1])
            reason = Reason(
                recipe=found[0][0].recipe,
                variants=users.get(key, ()),
                states=tuple(_state(job, self.plan.store) for job, _ in found),
                total=totals[key],
                reads=_stages(job for _, reads in found for job in reads),
                finished=len(existing.places) if existing else 0,
            )
            yield reason if existing else self._explained(reason, study.study.name)

    def _explained(self, reason: Reason, study: str) -> Reason:
        """With the nearest result, and what separates it."""
        content = plain(reason.recipe)
        name = f"{study}/{reason.variants[0]}" if reason.variants else study
        nearest = self._nearest.find(content, name)
        if nearest is None:
            return reason
        found = recipes.compare(nearest.recipe, content, self._modules, self._lookup)
        kept = tuple(item for item in found.upstream if (item.stage, item.new) not in self._to_run)
        return replace(reason, nearest=nearest, differences=replace(found, upstream=kept))

    def _lookup(self, stage: str, address: str) -> Plain | None:
        """A recipe to go into: not one whose own differences are told."""
        if (stage, address) in self._to_run:
            return None
        planned = self.plan.recipes.get((stage, address))
        return plain(planned) if planned else self.recipes.read(stage, address)


def _needed(plan: Plan, study: StudyPlan) -> Iterator[tuple[Job, list[Job]]]:
    """Each job that Snakemake would run, with those whose results it reads that are to run first.

    What is not there but is read by nothing that runs is not needed.
    """
    store = plan.store
    found = {job.place: job for job in jobs(study)}
    missing: dict[Place, list[Place]] = {}
    wanted = [Place(study.report.stage, study.report.address)]
    while wanted:
        place = wanted.pop()
        if place in found and place not in missing and not is_finished(place.folder(store)):
            missing[place] = waited_for(found[place].recipe, place.part)
            wanted += missing[place]
    for place, job in found.items():
        if place in missing:
            yield job, [found[read] for read in missing[place] if read in missing]


def _stages(found: Iterable[Job]) -> Mapping[str, int]:
    """Stage → how many different jobs."""
    return Counter(place.stage for place in dict.fromkeys(job.place for job in found))


def _users(study: StudyPlan) -> dict[Key, tuple[str, ...]]:
    """The variants that need a recipe."""
    found: dict[Key, dict[str, None]] = {}
    for plan in study.variants:
        for recipe in (plan.prepare, plan.train, plan.measured, plan.aggregate):
            found.setdefault((recipe.stage, recipe.address), {})[plan.variant.name] = None
    return {key: tuple(names) for key, names in found.items()}


def _state(job: Job, store: Path) -> State:
    folder = job.folder(store)
    if not folder.exists():
        return State(job.part, "not run yet")
    if is_claimed(folder):
        return State(job.part, "running")
    if reason := failure_reason(folder):
        return State(job.part, "failed", reason)
    return State(job.part, "interrupted" if can_continue(folder) else "not run yet")
