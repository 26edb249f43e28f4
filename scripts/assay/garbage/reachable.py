"""What results rest on: a result is reached with all that it was computed from, down to the prepared data.

Only so can it be repeated. What rests on what is read from the recipes in the store, each of them once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay import finished
from assay.errors import UserError
from assay.places import Place, at, place_of
from assay.recipe import is_as_written
from assay.store import RECIPE, seed_folder
from assay.yamlfile import parse

Content = Mapping[str, Any]
"""A recipe as plain data."""


@dataclass
class Recipes:
    """The recipes of a store's addresses: those that are known already, others from their files."""

    store: Path
    known: dict[tuple[str, str], Content | None] = field(default_factory=dict)
    """(stage, address) → recipe."""
    unreadable: dict[tuple[str, str], str] = field(default_factory=dict)
    """(stage, address) → what is wrong with its recipe."""

    def of(self, stage: str, address: str) -> Content | None:
        """The recipe of an address; None if there is none that can be trusted."""
        if (stage, address) not in self.known:
            self.known[stage, address] = self._read(stage, address)
        return self.known[stage, address]

    def _read(self, stage: str, address: str) -> Content | None:
        folders = [place.folder(self.store) for place in at(self.store, stage, address)]
        files = [self.store / stage / address / RECIPE]
        if stage == "train":  # each run has a copy; a run outside the workflow the only one
            files += [folder / RECIPE for folder in folders]
        existing = [file for file in files if file.is_file()]
        for file in existing:
            content = _content(file)
            if content is not None and (content.get("stage"), content.get("address")) == (stage, address):
                return content
        if existing:
            self.unreadable[stage, address] = f"{existing[0]}: is damaged, or of another address"
        elif stage == "prepare":  # for a run outside the workflow, whose recipe says what they are
            return {"stage": stage, "address": address}
        elif any(map(finished.is_finished, folders)):
            self.unreadable[stage, address] = f"{files[0]}: is missing"
        return None


def _content(file: Path) -> Content | None:
    """A recipe file's content; None if it is not as it was written."""
    try:
        text = file.read_bytes().decode()  # each byte counts: no newline is translated
        content = parse(text, str(file)) if is_as_written(text) is not False else None
    except (OSError, UnicodeDecodeError, UserError):
        return None
    return content if isinstance(content, dict) else None


def rests_on(content: Content, part: str) -> Iterator[tuple[Place, Content | None]]:
    """What a result is computed from, with the recipes that its own recipe holds in full.

    Args:
        content: its recipe.
        part: the folder of its seed or its split; may be empty.
    """
    stage = content["stage"]
    for name, value in content.get("upstream", {}).items():
        if isinstance(value, Mapping):
            is_fixed = value["stage"] == "prepare" and value["settings"]["data"]["split"]["seed"] != "run"
            yield Place(value["stage"], value["address"], "fixed" if is_fixed else part), value
        elif stage == "aggregate/study":
            yield Place("aggregate/variant", value), None
        elif name in ("train", "evaluate"):
            yield from ((Place(name, value, seed_folder(s)), None) for s in content["settings"]["seeds"])
        elif name != "prepare":  # which the runs rest on: they know the part
            yield Place(name, value), None


def everything_below(roots: Iterable[Place], recipes: Recipes) -> set[Place]:
    """Places with all that they rest on.

    Raises:
        UserError: one of them has no recipe that can be read.
    """
    found: set[Place] = set()
    waiting: list[tuple[Place, Content | None]] = [(place, None) for place in roots]
    while waiting:
        place, content = waiting.pop()
        if place in found:
            continue
        found.add(place)
        content = content or recipes.of(*place.key)
        if content is not None:
            waiting.extend(rests_on(content, place.part))
        elif place.folder(recipes.store).is_dir():
            problem = recipes.unreadable.get(place.key, "it has no recipe yet")
            raise UserError(
                f"{place.folder(recipes.store)}: is in use, and what it rests on is not known ({problem}). "
                "Nothing is removed; `assay doctor` says what can be done"
            )
    return found


def viewed(store: Path) -> Iterator[Place]:
    """The places that views lead to."""
    for folder, folders, files in os.walk(store / "studies"):
        for path in (Path(folder, name) for name in (*folders, *files)):
            if path.is_symlink():
                target = Path(os.path.normpath(path.parent / os.readlink(path)))
                place = place_of(Path(os.path.normpath(store)), target)
                place = place or place_of(store.resolve(), path.resolve())
                if place is not None:
                    yield place


def made_by(content: Content, recipes: Recipes) -> set[tuple[str, str]]:
    """(study, variant) that a result was first made for, by the runs that it rests on; names may be empty."""
    if content["stage"] == "train":
        maker = content.get("made_by") or {}
        return {(str(maker.get("study", "")), str(maker.get("variant", "")))}
    found: set[tuple[str, str]] = set()
    for key in {place.key for place, _ in rests_on(content, "")}:
        below = recipes.of(*key)  # its own file says who made it, one that holds it does not
        found |= made_by(below, recipes) if below is not None else set()
    return found
