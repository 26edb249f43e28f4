"""The same recipe under other code: what the store has of it, and which modules differ."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import decode_source
from pathlib import Path

from assay import closure, environment, sources
from assay.environment import PATCH
from assay.finished import finished_at, is_finished
from assay.places import Place, at
from assay.recipe import Recipe, from_yaml
from assay.store import RECIPE
from assay.words import counted


@dataclass(frozen=True)
class Sibling:
    """An address that differs in its second half only, and has results."""

    stage: str
    address: str
    places: tuple[Place, ...]
    """Its finished results."""

    def has(self, part: str) -> bool:
        """Whether a seed's or split's result is finished."""
        return any(place.part == part for place in self.places)

    def recipe(self, store: Path) -> Recipe:
        """The recipe of its results, with the code that they were computed with."""
        return recorded(store, self.places[0])


def siblings(store: Path, recipe: Recipe) -> list[Sibling]:
    """Those of a recipe, the one with the newest result first."""
    half = recipe.address.partition("-")[0]
    found: list[tuple[float, Sibling]] = []
    for folder in (store / recipe.stage).glob(f"{half}-*"):
        if folder.name != recipe.address and (places := finished_places(store, recipe.stage, folder.name)):
            found.append((newest(store, places), Sibling(recipe.stage, folder.name, places)))
    return [sibling for _, sibling in sorted(found, key=lambda item: (-item[0], item[1].address))]


def finished_places(store: Path, stage: str, address: str) -> tuple[Place, ...]:
    """The finished results of an address."""
    return tuple(place for place in at(store, stage, address) if is_finished(f"{store}/{place.path}"))


def newest(store: Path, places: Iterable[Place]) -> float:
    """When the last of some results was finished; 0 if none is."""
    return max((finished_at(f"{store}/{place.path}") for place in places), default=0.0)


def recorded(store: Path, place: Place) -> Recipe:
    """The recipe of a result, with the code that it was computed with: a run's own file, or the address's.

    Raises:
        UserError: there is no valid recipe.
    """
    own = place.folder(store) / RECIPE
    return from_yaml(own if own.exists() else store / place.recipe_folder / RECIPE)


def whole_code(recipe: Recipe) -> dict[str, str]:
    """Module → digest of a recipe's code and of that of the recipes in it."""
    found: dict[str, str] = {}
    for embedded in recipe.embedded.values():
        found |= whole_code(embedded)
    return found | dict(recipe.code)


def lines_changed(store: Path, name: str, then: str | None, now: str | None) -> str:
    """How much of a module changed since a copy was kept: `assay.models.mlp: 6 lines added, 3 removed`.

    Args:
        store: where copies of the code lie.
        name: of a module, or of a file that it reads, as a recipe's code has it.
        then: its digest before, None if it was not reached.
        now: its digest now, None if it is not reached any more.
    """
    if then is None or now is None:
        return f"{name}: {'is used now' if then is None else 'is not used any more'}"
    before, file = sources.read(store, then), closure.file_of(name)
    if before is None or file is None:
        return f"{name}: changed; no copy of it as it was is kept"
    try:
        old, new = (_text(name, content).splitlines() for content in (before, file.read_bytes()))
    except UnicodeDecodeError:
        return f"{name}: another content of the file"
    lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return f"{name}: {counted(added, 'line')} added, {removed} removed"


def _text(name: str, content: bytes) -> str:
    """A module in the encoding that it names, or a data file if it is text.

    Raises:
        UnicodeDecodeError: it is not.
    """
    return content.decode() if "/" in name else decode_source(content)


def where_code_is(run: Path) -> str:
    """A sentence that says where the code that a run was computed with is found again."""
    commit = (environment.read(run).get("git") or {}).get("commit")
    if not commit:
        return "Its environment.json names no commit; copies of the modules lie in the store, in code/"
    patch = f", with the changes in {run / PATCH}" if (run / PATCH).exists() else ""
    return f"Commit {commit[:12]} has it{patch}"
