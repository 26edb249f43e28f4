"""What the names mean that `assay diff` is given: runs, variants, studies, recipes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from assay.differences.known import Recipes
from assay.differences.recipes import Plain
from assay.errors import UserError
from assay.finished import is_finished
from assay.places import place_of
from assay.plain_recipes import plain
from assay.plan import StudyPlan, VariantPlan, load_plan
from assay.recipe import from_yaml
from assay.store import RECIPE, seed_folder, seed_of
from assay.study.load import find
from assay.yamlfile import read

_STAGES = ("evaluate", "train", "prepare")
"""Stages whose recipes hold those of the next."""


@dataclass(frozen=True)
class Named:
    """What a name means: a recipe, with the run or runs of it that are finished; or a study."""

    name: str
    recipe: Plain = field(default_factory=dict)
    seed: int | None = None
    """Of one run."""
    run: Path | None = None
    """Its folder, if it is finished."""
    runs: Mapping[int, Path] = field(default_factory=dict)
    """Seed → folder of the finished runs of a variant."""
    study: StudyPlan | None = None

    def of_seed(self, seed: int) -> Named:
        """One run of a variant."""
        return replace(self, seed=seed, run=self.runs[seed], runs={})

    def at_stage(self, stage: str) -> Plain | None:
        """Its recipe of a stage, which may be one that it builds on."""
        found: Plain | None = self.recipe
        for outer, inner in pairwise(_STAGES):
            if found and found["stage"] == outer != stage:
                found = found["upstream"][inner]
        return found if found and found["stage"] == stage else None


def common_stage(one: Named, other: Named) -> str:
    """The last stage that both have a recipe of.

    Raises:
        UserError: there is none.
    """
    stages = (one.recipe["stage"], other.recipe["stage"])
    for stage in (stages[0], *_STAGES):
        if one.at_stage(stage) and other.at_stage(stage):
            return str(stage)
    raise UserError(
        f"{one.name!r} is a recipe of {stages[0]} and {other.name!r} one of {stages[1]}; "
        "recipes of one stage can be compared"
    )


def meaning(name: str, recipes: Recipes) -> Named:
    """What a name means: a path, a view (`digits/plain/seed-0`), `address/seed`, `study/variant`, a study.

    Raises:
        UserError: nothing; the text has the nearest names. Or what it means is not valid.
    """
    store = recipes.store
    for path in (Path(name), store / "studies" / name):
        if path.is_file() and path.suffix in (".yaml", ".yml"):
            content = read(path).content
            if isinstance(content, dict) and "stage" in content:
                return Named(name, plain(from_yaml(path)))
            return Named(name, study=_plan(str(path)))
        if path.is_dir() and (found := _folder(name, path.resolve(), recipes)):
            return found
    if re.fullmatch(r"[0-9a-f]{4,}(-[0-9a-f]*)?(/(seed-)?[0-9]+)?", name):
        address, _, seed = name.partition("/")
        part = seed_folder(int(seed.removeprefix("seed-"))) if seed else ""
        folders = [path / part for stage in _stages(store, part) for path in stage.glob(f"{address}*")]
        found_folders = [folder for folder in folders if folder.is_dir()]
        if len(found_folders) > 1:
            listed = ", ".join(str(folder.relative_to(store)) for folder in found_folders[:5])
            raise UserError(f"{name!r} means {len(found_folders)} results: {listed}")
        if found_folders and (found := _folder(name, found_folders[0].resolve(), recipes)):
            return found
    return _planned(name, recipes)


def _stages(store: Path, part: str) -> list[Path]:
    """The folders of the stages: of runs alone where a seed is named."""
    return [store / "train"] if part else [store / name for name in (*_STAGES, "compare", "report")]


def _folder(name: str, folder: Path, recipes: Recipes) -> Named | None:
    """What a folder holds: a run, an evaluation, a recipe; None if it is nothing of these."""
    place = place_of(recipes.store.resolve(), folder)
    if place and place.stage == "evaluate" and place.part:
        recipe = recipes.read(place.stage, place.address)
        if recipe is None:
            return None
        seed, address = seed_of(place.part), recipe["upstream"]["train"]["address"]
        run = recipes.store / "train" / address / place.part
        return Named(name, recipe, seed, run if is_finished(run) else None)
    if not (folder / RECIPE).exists():
        return None
    found = from_yaml(folder / RECIPE)
    content = plain(found) | {"address": place.address if place else found.recorded or found.address}
    if not folder.name.startswith("seed-"):
        return Named(name, content)
    return Named(name, content, seed_of(folder), folder if is_finished(folder) else None)


def _planned(name: str, recipes: Recipes) -> Named:
    """A study, or a variant of one, as its file says now."""
    study, _, variant = name.partition("/")
    try:
        find(study)
    except UserError:
        raise UserError(_unknown(name, recipes, None)) from None
    plan = _plan(study)
    if not variant:
        return Named(name, study=plan)
    for item in plan.variants:
        if item.variant.name in (variant, unquote(variant)):
            return of_variant(name, item, plan.study.seeds, recipes.store)
    raise UserError(_unknown(name, recipes, plan))


def of_variant(name: str, variant: VariantPlan, seeds: tuple[int, ...], store: Path) -> Named:
    """A variant as it is planned, with its finished runs."""
    folders = {seed: variant.train.folder(store) / seed_folder(seed) for seed in seeds}
    runs = {seed: folder for seed, folder in folders.items() if is_finished(folder)}
    made = {"made_by": dict(variant.train.made_by)}
    return Named(name, plain(variant.measured) | made, runs=runs)


def _plan(study: str) -> StudyPlan:
    return load_plan(study=[study]).studies[0]


def _unknown(name: str, recipes: Recipes, study: StudyPlan | None) -> str:
    """A message that leads to the nearest names."""
    near = difflib.get_close_matches(name, list(_names(recipes.store, study)), n=3, cutoff=0.4)
    hint = f"; the nearest names: {', '.join(map(repr, near))}" if near else ""
    return f"{name!r} is no run, variant, study or recipe file{hint}"


def _names(store: Path, study: StudyPlan | None) -> Iterator[str]:
    """Names that mean something."""
    yield from (path.stem for path in Path("config/studies").glob("*.yaml"))
    variants = {f"{study.study.name}/{item.variant.name}": None for item in study.variants} if study else {}
    links = [path.relative_to(store / "studies") for path in (store / "studies").glob("*/*/seed-*")]
    yield from variants | {str(link.parent): None for link in links}
    yield from map(str, links)
