"""What `assay verify` computes again: a run with what it rests on and what rests on it, or a whole study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assay import closure, finished, registry
from assay.errors import UserError
from assay.places import Place, split_folder
from assay.plan import StudyPlan, VariantPlan
from assay.recipe import Recipe, from_yaml
from assay.siblings import finished_places, siblings, where_code_is, whole_code
from assay.store import RECIPE, seed_folder, seed_of


@dataclass(frozen=True)
class Result:
    """One result, and what computes it again."""

    recipe: Recipe
    """Under the code as it lies on disk, which gives it the same address."""
    part: str
    folder: Path
    """Where it lies."""
    file: Path | None = None
    """The recipe's file, if there is one."""

    @property
    def is_there(self) -> bool:
        """Whether there is something to compare with: prepared data may have been removed."""
        return finished.is_finished(self.folder)


@dataclass(frozen=True)
class Subject:
    """Results that are verified together, each after those that it is computed from."""

    name: str
    results: tuple[Result, ...]

    @property
    def run(self) -> Result | None:
        """The run among them."""
        return next((result for result in self.results if result.recipe.stage == "train"), None)

    def with_those_of(self, other: Subject) -> Subject:
        """The same with another subject's results, each once."""
        own = {result.folder for result in self.results}
        more = (result for result in other.results if result.folder not in own)
        return Subject(self.name, (*self.results, *more))


def of_run(store: Path, folder: Path) -> tuple[Subject, list[str]]:
    """A run and its evaluations; and why some of these are left out.

    Raises:
        UserError: it is not finished, or the code on disk is not its any more.
    """
    seed, receipt = seed_of(folder), finished.read_receipt(folder)
    recipe = from_yaml(folder / RECIPE)
    current, name = recipe.with_code_now(), _run_name(recipe, folder)
    _require_code(current, receipt["address"], recipe, folder)
    prepare = current.embedded["prepare"]
    results = [_result(store, prepare, split_folder(prepare, seed))]
    results.append(Result(current, folder.name, folder, folder / RECIPE))
    notes = []
    in_store = folder.resolve() == (store / "train" / current.address / folder.name).resolve()
    for place in registry.evaluations(store, current.address, seed) if in_store else ():
        file = store / place.recipe_folder / RECIPE
        evaluation = from_yaml(file)
        result = Result(evaluation.with_code_now(), folder.name, place.folder(store), file)
        if result.recipe.address == place.address:
            results.append(result)
        else:
            changed = closure.changed(evaluation.code, result.recipe.code)
            notes.append(f"evaluate {place.address} is left out: it is of other code ({', '.join(changed)})")
    return Subject(name, tuple(results)), notes


def of_study(plan: StudyPlan, store: Path, seeds: int | None) -> tuple[list[Subject], list[str]]:
    """The finished runs of a study, its first seeds only if asked; and names of those that are not finished.

    Raises:
        UserError: results are there, but not of the code on disk.
    """
    found: dict[tuple[str, int], Subject] = {}
    unfinished = []
    for variant in plan.variants:
        for seed in plan.study.seeds[:seeds]:
            if seed not in variant.aggregate.settings.seeds:  # of a partial study
                continue
            key = (variant.train.address, seed)  # variants that differ in their evaluation share a run
            name = f"{plan.study.name}/{variant.variant.name}, seed {seed}"
            subject = Subject(name, tuple(_results(variant, seed, store)))
            if all(result.is_there for result in subject.results[1:]):
                found[key] = found[key].with_those_of(subject) if key in found else subject
                continue
            for result in subject.results:
                _require_own_code(store, result, name)
            unfinished.append(name)
    return list(found.values()), unfinished


def of_tables(plan: StudyPlan, store: Path) -> Iterator[Subject]:
    """What is made of a study's runs: its tables, comparison and report, those that are finished."""
    for variant in plan.variants:
        result = _result(store, variant.aggregate, "")
        yield Subject(f"{plan.study.name}/{variant.variant.name}, table", (result,))
    for recipe, name in ((plan.aggregate, "tables"), (plan.compare, "comparison"), (plan.report, "report")):
        yield Subject(f"{plan.study.name}, {name}", (_result(store, recipe, ""),))


def _run_name(recipe: Recipe, folder: Path) -> str:
    """`study/variant, seed 3`; by its address where it was made for no study."""
    made = [str(recipe.made_by[key]) for key in ("study", "variant") if recipe.made_by.get(key)]
    return f"{'/'.join(made) or f'train {recipe.address}'}, seed {seed_of(folder)}"


def _results(variant: VariantPlan, seed: int, store: Path) -> Iterator[Result]:
    yield _result(store, variant.prepare, split_folder(variant.prepare, seed))
    yield _result(store, variant.train, seed_folder(seed))
    if variant.evaluate is not None:
        yield _result(store, variant.evaluate, seed_folder(seed))


def _result(store: Path, recipe: Recipe, part: str) -> Result:
    place = Place(recipe.stage, recipe.address, part)
    file = store / place.recipe_folder / RECIPE
    return Result(recipe, part, place.folder(store), file if file.exists() else None)


def _require_code(current: Recipe, address: str, recorded: Recipe, folder: Path) -> None:
    """Refuse a run of other code, or of settings that have another address now.

    Raises:
        UserError: names the modules, and where the code is.
    """
    if current.address == address:
        return
    changed = closure.changed(whole_code(recorded), whole_code(current))
    if not changed:
        raise UserError(f"{folder}: its settings have the address {current.address} now, not {address}")
    raise _other_code(_run_name(recorded, folder), changed, folder)


def _require_own_code(store: Path, result: Result, name: str) -> None:
    """Refuse a recipe that has results under other code, and none under that on disk.

    Raises:
        UserError: names the modules, and where the code is.
    """
    if finished_places(store, result.recipe.stage, result.recipe.address):
        return
    for sibling in siblings(store, result.recipe):
        if sibling.has(result.part):
            changed = closure.changed(whole_code(sibling.recipe(store)), whole_code(result.recipe))
            raise _other_code(name, changed, store / sibling.stage / sibling.address / result.part)


def _other_code(name: str, changed: list[str], folder: Path) -> UserError:
    verb = "differs" if len(changed) == 1 else "differ"
    return UserError(
        f"{name}: the code on disk is not what it was computed with: {', '.join(changed)} {verb}. "
        f"{where_code_is(folder)}. `assay accept` records that changed code gives the same bits"
    )
