"""Which results a study or a run needs, and which of them are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay import registry
from assay.errors import UserError
from assay.finished import is_finished
from assay.jobs import Job, inputs, jobs
from assay.places import Place
from assay.plan import Plan, StudyPlan
from assay.program import failure_reason
from assay.recipe import Recipe, from_yaml
from assay.store import RECIPE, seed_folder, seed_of
from assay.views import variant_folder


@dataclass(frozen=True)
class Selection:
    """What is to be exported."""

    name: str
    """The beginning of the archive's name."""
    exported: dict[str, Any]
    """The same in the manifest's words."""
    store: Path
    results: tuple[Place, ...]
    """The finished ones, each after those that it was made from."""
    missing: dict[Place, str]
    """The others, with a person's words for them."""
    absent: tuple[str, ...]
    """The runs that a partial plan leaves out, in words."""
    failed: tuple[Place, ...]
    """Where such runs failed."""
    recipes: tuple[Recipe, ...]
    """With the code as it lies on disk now."""
    plan: Plan | None = None
    """The study's plan, if it is a study."""


def of_study(plan: Plan, exported: dict[str, Any]) -> Selection:
    """The results of the only study of a plan.

    Args:
        plan: a partial one has no jobs for the seeds whose runs are missing.
        exported: the overrides that it was planned under.
    """
    [study] = plan.studies
    absent = dict(_absent(study))
    results, missing = [], {}
    for job in jobs(study):
        if is_finished(job.folder(plan.store)):
            results.append(job.place)
        else:
            reason = failure_reason(job.folder(plan.store))
            missing[job.place] = _words(job) + (f" (failed: {reason})" if reason else "")
    places = dict.fromkeys(place for places in absent.values() for place in places)
    return Selection(
        study.study.name,
        {"study": study.study.name, **exported},
        plan.store,
        tuple(results),
        missing,
        tuple(absent),
        tuple(place for place in places if failure_reason(place.folder(plan.store))),
        tuple(plan.recipes.values()),
        plan,
    )


def _absent(study: StudyPlan) -> Iterator[tuple[str, list[Place]]]:
    """The runs that a partial plan leaves out, in words, and where their failures would be."""
    for variant in study.variants:
        for seed, reason in variant.aggregate.settings.missing.items():
            stages = (variant.train, variant.measured)
            places = [Place(recipe.stage, recipe.address, seed_folder(int(seed))) for recipe in stages]
            yield f"train {variant.variant.name}, seed {seed} ({reason})", places


def _words(job: Job) -> str:
    """A job as a person says it."""
    part = f", {job.part.replace('-', ' ')}" if job.part.startswith("seed-") else ""
    return f"{job.recipe.stage}{f' {job.variant}' if job.variant else ''}{part}"


def of_run(store: Path, name: str) -> Selection:
    """A run, the data and the runs that it reads, and its evaluations.

    Raises:
        UserError: no run, or more than one, is meant, or its code is not there any more.
    """
    folder = registry.find(store, name)
    if folder.parent.parent != (store / "train").resolve():
        raise UserError(f"{folder}: lies outside the store {store}; only what is in the store is exported")
    recipe, part, address = from_yaml(folder / RECIPE), folder.name, folder.parent.name
    needed = dict.fromkeys([*_read_by(recipe, part), Place("train", address, part)])
    evaluations = registry.evaluations(store, address, seed_of(folder))
    measured = [from_yaml(store / place.recipe_folder / RECIPE) for place in evaluations]
    now = recipe.with_code_now()
    exported: dict[str, Any] = {"run": f"train/{address}/{part}", **recipe.made_by}
    if now.address != address:
        exported["address_now"] = now.address
    made = recipe.made_by
    known = made.get("study") and made.get("variant")
    title = f"{made['study']}-{variant_folder(made['variant'])}" if known else address
    return Selection(
        f"{title}-{part}",
        exported,
        store,
        (*(place for place in needed if is_finished(place.folder(store))), *evaluations),
        {place: place.path for place in needed if not is_finished(place.folder(store))},
        (),
        (),
        (now, *_embedded(now), *(evaluation.with_code_now() for evaluation in measured)),
    )


def _read_by(recipe: Recipe, part: str) -> Iterator[Place]:
    """The results that a run was made from, each after its own."""
    for upstream in recipe.embedded.values():
        if upstream.stage == "train":
            yield from _read_by(upstream, part)
    yield from inputs(recipe, part)


def _embedded(recipe: Recipe) -> Iterator[Recipe]:
    for upstream in recipe.embedded.values():
        yield upstream
        yield from _embedded(upstream)
