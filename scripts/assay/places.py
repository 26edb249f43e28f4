"""The places of a store: every folder that holds a result, or is to hold one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from assay.canonical import CODE_DIGITS, CONFIG_DIGITS
from assay.settings.stages import STAGES
from assay.store import seed_folder

if TYPE_CHECKING:
    from assay.recipe import Recipe

_ADDRESS = re.compile(rf"[0-9a-f]{{{CONFIG_DIGITS}}}-[0-9a-f]{{{CODE_DIGITS}}}")
_PARTS = {
    "prepare": re.compile(r"fixed|seed-[0-9]{1,19}"),
    "train": re.compile(r"seed-[0-9]{1,19}"),
    "evaluate": re.compile(r"seed-[0-9]{1,19}"),
}
"""What the folders of results below an address are named; other stages have one result an address."""


class Place(NamedTuple):
    """Where one result lies in any store."""

    stage: str
    address: str
    part: str = ""
    """Its folder below the address: a seed's, a split's, or none."""

    def folder(self, store: Path) -> Path:
        """Its folder in one store."""
        return Path(store, self.stage, self.address, self.part)

    @property
    def path(self) -> str:
        """The same below the store, as text."""
        return "/".join(filter(None, (self.stage, self.address, self.part)))

    @property
    def recipe_folder(self) -> str:
        """The folder of its address, likewise."""
        return f"{self.stage}/{self.address}"

    @property
    def key(self) -> tuple[str, str]:
        """The stage and the address."""
        return self.stage, self.address

    @property
    def order(self) -> tuple[int, str, int, str]:
        """What places are sorted by: the stage, what reads after what is read; the address; the seed."""
        return list(STAGES).index(self.stage), self.address, *_by_seed(self.part)


def addresses(store: Path, stages: Iterable[str] = STAGES) -> Iterator[tuple[str, str]]:
    """(stage, address) of every address folder in a store, in the order of the stages."""
    for stage in stages:
        for name in sorted(filter(_ADDRESS.fullmatch, _folders(f"{store}/{stage}"))):
            yield stage, name


def at(store: Path, stage: str, address: str) -> Iterator[Place]:
    """The places of one address."""
    if stage not in _PARTS:
        yield Place(stage, address)
        return
    names = filter(_PARTS[stage].fullmatch, _folders(f"{store}/{stage}/{address}"))
    yield from (Place(stage, address, name) for name in sorted(names, key=_by_seed))


class Begun:
    """Which results of a store were begun: those that have a folder. Each address is looked at once.

    Args:
        store: where results lie.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._parts: dict[tuple[str, str], frozenset[str]] = {}

    def __contains__(self, place: Place) -> bool:
        if not place.part:
            return os.path.isdir(f"{self._store}/{place.path}")
        if place.key not in self._parts:
            self._parts[place.key] = frozenset(_folders(f"{self._store}/{place.recipe_folder}"))
        return place.part in self._parts[place.key]


def places(store: Path) -> Iterator[Place]:
    """Every place of a store."""
    for stage, address in addresses(store):
        yield from at(store, stage, address)


def place_of(store: Path, path: Path) -> Place | None:
    """The place that a path leads to or lies in; None if it is in no result of the store."""
    if not path.is_relative_to(store):
        return None
    name = path.relative_to(store).as_posix()
    for stage, pattern in ((stage, _PARTS.get(stage)) for stage in STAGES):
        below = rf"/({pattern.pattern})" if pattern else "()"
        if found := re.match(rf"{stage}/({_ADDRESS.pattern}){below}(?:/|$)", name):
            return Place(stage, found[1], found[2])
    return None


def split_folder(prepare: Recipe, seed: int) -> str:
    """The folder of a prepared data set: `fixed`, or the seed's if each run splits anew."""
    return split_of(prepare, seed_folder(seed))


def split_of(prepare: Recipe, part: str) -> str:
    """The same for a run, by the folder of its seed."""
    return part if prepare.settings.data.split.seed == "run" else "fixed"


def _by_seed(part: str) -> tuple[int, str]:
    """What the results of one address are sorted by."""
    return int(part.partition("-")[2] or 0), part


def _folders(folder: str) -> list[str]:
    """The names of the folders in a folder, which need not exist."""
    try:
        return [entry.name for entry in os.scandir(folder) if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
