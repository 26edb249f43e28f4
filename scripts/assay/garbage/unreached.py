"""What of a store is garbage: results that no study, view or certificate reaches.

Also kept is what is being computed now, with all that it rests on and all that waits for it; and what is not
finished and can be continued.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay import finished
from assay.configuration import configure
from assay.errors import UserError
from assay.garbage.reachable import Recipes, everything_below, viewed
from assay.jobs import jobs
from assay.places import Place, addresses, places
from assay.plan import Plan, load_plan
from assay.recipe import code_of
from assay.store import RECIPE, can_continue, is_claimed
from assay.study.load import find

RECENT = 3600.0
"""Seconds for which a recipe without results, or a copy of code, may be one that a call of the workflow has
just planned with."""


@dataclass(frozen=True)
class Garbage:
    """What can go from a store, and what is left alone."""

    recipes: Recipes
    results: tuple[Place, ...]
    """In the order of the stages: what reads after what is read."""
    addresses: tuple[tuple[str, str], ...]
    """(stage, address) of those that hold nothing when the results are gone."""
    code: tuple[Path, ...]
    """Copies of code that no recipe names that is kept."""
    logs: tuple[Path, ...]
    """Logs of data that are not in the store any more."""
    running: tuple[Place, ...] = ()
    """Left alone: results that are being written."""
    resumable: tuple[Place, ...] = ()
    """Left alone: runs that are not finished and can be continued."""
    unreadable: tuple[str, ...] = ()
    """Left alone: what is wrong with the recipes of addresses of which nothing is known."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing can go."""
        return not (self.results or self.addresses or self.code or self.logs)

    def both(self, other: Garbage) -> Garbage:
        """What is garbage here and there."""

        def common(own: tuple[Any, ...], others: tuple[Any, ...]) -> tuple[Any, ...]:
            known = {*others}
            return tuple(item for item in own if item in known)

        return Garbage(
            other.recipes,
            common(self.results, other.results),
            common(self.addresses, other.addresses),
            common(self.code, other.code),
            common(self.logs, other.logs),
        )


def plan_everything(studies: Path = Path("config/studies")) -> Plan:
    """Every study of the project, and what the configuration names beside them, complete to the last seed.

    Raises:
        UserError: a study cannot be read: its results would look like garbage.
    """
    if os.environ.get("ASSAY_SEED"):
        raise UserError("ASSAY_SEED is set, so that studies name one seed only; unset it")
    settings = configure().settings
    named = [settings.study] if isinstance(settings.study, str) else settings.study
    try:
        files = {path.resolve(): path for path in (*sorted(studies.glob("*.yaml")), *map(find, named))}
        names = [str(path) for path in files.values()]
        return load_plan(settings.model_dump() | {"partial": False, "study": names})
    except UserError as error:
        raise UserError(f"{error}\nWhat the studies reach is not known: nothing is garbage") from error


def find_garbage(plan: Plan) -> Garbage:
    """Sort the store of a plan.

    Raises:
        UserError: something is in use, and what it rests on cannot be read.
    """
    store = plan.store
    recipes = Recipes(store, {key: recipe.plain() for key, recipe in plan.recipes.items()})
    existing = list(places(store))
    planned = [job.place for study in plan.studies for job in jobs(study)]
    certified = [p for p in existing if (p.folder(store) / finished.CERTIFICATE).exists()]
    kept = everything_below([*planned, *viewed(store), *certified], recipes)

    others = [place for place in existing if place not in kept]
    running = [place for place in others if is_claimed(place.folder(store))]
    resumable = [place for place in others if _is_resumable(place.folder(store)) and place not in running]
    kept |= everything_below([*running, *resumable], recipes)
    kept |= _waiting(others, running, recipes)

    for key in addresses(store):
        recipes.of(*key)
    others = [p for p in others if p not in kept and p.key not in recipes.unreadable]
    going = [place for place in others if not _is_planned(place, store)]
    emptied = {place.key for place in going}
    alive = {place.key for place in kept} | {*recipes.unreadable}
    dead = [key for key in addresses(store) if key not in alive]
    gone = {key for key in dead if key in emptied or not _is_recent(store.joinpath(*key))}
    return Garbage(
        recipes,
        results=tuple(sorted(going, key=lambda place: place.order)),
        addresses=tuple(sorted(gone)),
        code=tuple(_unnamed_code(recipes, [key for key in addresses(store) if key not in gone])),
        logs=tuple(_logs(store, gone)),
        running=tuple(running),
        resumable=tuple(resumable),
        unreadable=tuple(recipes.unreadable.values()),
    )


def _is_resumable(folder: Path) -> bool:
    return can_continue(folder) and not finished.is_finished(folder)


def _is_planned(place: Place, store: Path) -> bool:
    """Whether nothing of a result is there but its recipe, or a folder that a job is about to fill."""
    folder = place.folder(store)
    try:
        is_bare = all(name == RECIPE or name.startswith(".") for name in os.listdir(folder))
    except FileNotFoundError:  # removed meanwhile
        return True
    return is_bare and (not place.part or _is_recent(folder))


def _is_recent(path: Path) -> bool:
    """Whether an address, or a file, is new or was removed meanwhile."""
    for found in (path / RECIPE, path):
        with suppress(FileNotFoundError, NotADirectoryError):
            return time.time() - found.stat().st_mtime < RECENT
    return True


def _waiting(others: list[Place], running: list[Place], recipes: Recipes) -> set[Place]:
    """What the tables and reports rest on that wait for a result that is being written now.

    They are those of a study that this project does not name: another file's, another clone's.
    """
    found: set[Place] = set()
    for place in others if running else ():
        is_open = not place.part and not finished.is_finished(place.folder(recipes.store))
        if is_open and recipes.of(*place.key) is not None:
            below = everything_below([place], recipes)
            found |= below if not below.isdisjoint(running) else set()
    return found


def _unnamed_code(recipes: Recipes, kept: Collection[tuple[str, str]]) -> Iterator[Path]:
    """Copies of code that the recipes of these addresses do not name."""
    contents = [recipes.of(*key) for key in kept]
    named = {digest for content in contents if content is not None for digest in code_of(content)}
    if recipes.unreadable or not (recipes.store / "code").is_dir():  # a recipe may name any of them
        return
    for path in sorted((recipes.store / "code").iterdir()):
        is_copy = re.fullmatch(r"[0-9a-f]{64}", path.name) and path.name not in named
        if is_copy and not _is_recent(path):
            yield path


def _logs(store: Path, gone: Collection[tuple[str, str]]) -> Iterator[Path]:
    """Logs of the jobs whose results are gone, or will be."""
    for folder in sorted((store / "logs").glob("*/*")):
        stage, address = folder.parent.name, folder.name
        if (stage, address) in gone or not (store / stage / address).exists():
            yield from sorted(path for path in folder.rglob("*") if path.is_file())
