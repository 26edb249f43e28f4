"""The recipe of every address: as it was written, and of the address that its folder is named after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from assay import finished
from assay.digest import file_digest
from assay.doctor.finding import Finding, Looked
from assay.errors import UserError
from assay.garbage.unreached import plan_everything
from assay.places import addresses, at
from assay.recipe import Recipe, from_yaml, is_as_written, to_yaml
from assay.store import RECIPE, write_atomically
from assay.yamlfile import parse

Key = tuple[str, str]
"""Stage and address."""


def recipe_finding(
    store: Path, stage: str, address: str, copies: Copies, looked: Looked
) -> Iterator[Finding]:
    """What is wrong with the recipe of an address."""
    path = store / stage / address / RECIPE
    if path.exists():
        looked.at(path)
        problem = _problem(path, (stage, address))
    else:
        problem = _missing(store, stage, address)
    if problem is None:
        return
    copy = copies.of(stage, address)
    if copy is None:
        yield Finding(
            path, f"{problem}, and nothing says what it was; put it back, or remove its folder with all in it"
        )
    else:
        would, done = "write it again from a copy", "written again from a copy"
        yield Finding(path, problem, would, done, partial(_write, path, copy))


def _write(path: Path, text: str) -> bool:
    write_atomically(path, text)
    return True


def _missing(store: Path, stage: str, address: str) -> str | None:
    """`is missing`, where the workflow has put a recipe before it made results.

    Programs that are called by hand put none beside prepared data and runs: these need it for nothing.
    """
    folders = [place.folder(store) for place in at(store, stage, address)]
    if not any(map(finished.is_finished, folders)):
        return None
    if stage == "train" and not any((folder / "error.log").exists() for folder in folders):
        return None
    if stage == "prepare" and not (store / "logs/prepare" / address).exists():
        return None
    return "is missing"


def _problem(path: Path, key: Key) -> str | None:
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "is damaged: it is not UTF-8 text"
    as_written = True if _is_sealed(path) else is_as_written(text)
    if as_written is False:
        return "is damaged: it is not as it was written"
    try:
        recipe = from_yaml(path)
        found = {(recipe.stage, recipe.address), (recipe.stage, recipe.recorded or recipe.address)}
    except UserError as error:
        if not as_written:
            return f"is damaged: {str(error).removeprefix(f'{path}: ')}"
        content = parse(text)  # of a component or a key that there is no more
        found = {(content["stage"], content["address"])}
    if as_written is None:
        return "is damaged: its first line is not the digest of what follows"
    if found != {key}:
        stage, address = (found - {key}).pop()
        return f"is the recipe of {stage} {address}"
    return None


def _is_sealed(path: Path) -> bool:
    """Whether a recipe lies in the folder of its result, and is as it was when that was finished."""
    try:
        return bool(finished.read_seal(path.parent)["files"].get(RECIPE) == file_digest(path))
    except UserError:
        return False


class Copies:
    """What recipes were, where their files do not say so any more."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def of(self, stage: str, address: str) -> str | None:
        """The text of a recipe: from a run's sealed copy, a study, its own file, another that holds it."""
        for recipe in self._candidates(stage, address):
            with suppress(UserError):  # of the ledger: no address is known
                if (recipe.stage, recipe.address) == (stage, address):
                    return to_yaml(recipe)
        return None

    def _candidates(self, stage: str, address: str) -> Iterator[Recipe]:
        for place in at(self.store, stage, address) if stage == "train" else ():
            copy = place.folder(self.store) / RECIPE
            if copy.is_file() and _is_sealed(copy) and (recipe := _read(copy)):
                yield recipe
        if recipe := self._studies.get((stage, address)):
            yield recipe
        if recipe := _read(self.store / stage / address / RECIPE):
            yield replace(recipe, made_by={})  # which may be what is damaged
        if recipe := self._embedded.get((stage, address)):
            yield recipe

    @cached_property
    def _studies(self) -> dict[Key, Recipe]:
        try:
            return dict(plan_everything().recipes)
        except UserError:
            return {}

    @cached_property
    def _embedded(self) -> dict[Key, Recipe]:
        """The recipes that others hold in full."""
        found: dict[Key, Recipe] = {}
        for stage, address in addresses(self.store):
            path = self.store / stage / address / RECIPE
            if stage in ("train", "evaluate") and path.exists() and _problem(path, (stage, address)) is None:
                recipe = _read(path)
                for inner in _inner(recipe) if recipe else ():
                    found[inner.stage, inner.address] = inner
        return found


def _inner(recipe: Recipe) -> Iterator[Recipe]:
    for inner in recipe.embedded.values():
        yield inner
        yield from _inner(inner)


def _read(path: Path) -> Recipe | None:
    try:
        return from_yaml(path)
    except UserError:
        return None
