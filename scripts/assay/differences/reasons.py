"""Why each job of a study would run: what is not there, and what separates it from what is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from assay.differences import recipes
from assay.differences.known import Known, Recipes
from assay.differences.modules import Modules
from assay.differences.nearest import Nearest
from assay.differences.recipes import Differences, Plain
from assay.finished import is_finished
from assay.jobs import Job, by_place, waited_for
from assay.places import Begun, Place
from assay.plain_recipes import plain
from assay.plan import Plan, StudyPlan
from assay.program import failure_reason
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
        self._begun = Begun(plan.store)
        self._jobs: dict[str, dict[Place, Job]] = {}
        self._missing = {study.study.name: self._missing_of(study) for study in plan.studies}
        self._to_run = {place.key for found in self._missing.values() for place in found}

    def of(self, study: StudyPlan) -> Iterator[Reason]:
        """Each recipe of a study with jobs to run, after those that it reads."""
        missing = self._missing[study.study.name]
        if not missing:
            return
        wanted = self._jobs[study.study.name]
        totals, users = Counter(place.key for place in wanted), _users(study)
        groups: dict[Key, list[Place]] = {}
        for place in filter(missing.__contains__, wanted):
            groups.setdefault(place.key, []).append(place)
        for key, places in groups.items():
            existing = self.recipes.known(key[0]).get(key[1])
            reason = Reason(
                recipe=wanted[places[0]].recipe,
                variants=users.get(key, ()),
                states=tuple(map(self._state, places)),
                total=totals[key],
                reads=_stages(read for place in places for read in missing[place] if read in missing),
                finished=len(existing.places) if existing else 0,
            )
            yield reason if existing else self._explained(reason, study.study.name)

    def _missing_of(self, study: StudyPlan) -> dict[Place, list[Place]]:
        """Each result that Snakemake would make, with those that it reads.

        What is not there but is read by nothing that runs is not needed.
        """
        wanted = [Place(study.report.stage, study.report.address)]
        if self._is_finished(wanted[0]):
            return {}
        found = self._jobs[study.study.name] = by_place(study)
        missing: dict[Place, list[Place]] = {}
        while wanted:
            place = wanted.pop()
            if place in found and place not in missing and not self._is_finished(place):
                missing[place] = waited_for(found[place].recipe, place.part)
                wanted += missing[place]
        return missing

    def _is_finished(self, place: Place) -> bool:
        return place in self._begun and is_finished(f"{self.plan.store}/{place.path}")

    def _state(self, place: Place) -> State:
        """How far a job is whose result is not there."""
        if place not in self._begun:
            return State(place.part, "not run yet")
        folder = place.folder(self.plan.store)
        if is_claimed(folder):
            return State(place.part, "running")
        if reason := failure_reason(folder):
            return State(place.part, "failed", reason)
        return State(place.part, "interrupted" if can_continue(folder) else "not run yet")

    def _explained(self, reason: Reason, study: str) -> Reason:
        """With the nearest result, and what separates it."""
        if not self.recipes.known(reason.recipe.stage):
            return reason
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


def _stages(places: Iterable[Place]) -> Mapping[str, int]:
    """Stage → how many different results."""
    return Counter(place.stage for place in dict.fromkeys(places))


def _users(study: StudyPlan) -> dict[Key, tuple[str, ...]]:
    """The variants that need a recipe."""
    found: dict[Key, dict[str, None]] = {}
    for plan in study.variants:
        for recipe in (plan.prepare, plan.train, plan.measured, plan.aggregate):
            found.setdefault((recipe.stage, recipe.address), {})[plan.variant.name] = None
    return {key: tuple(names) for key, names in found.items()}
