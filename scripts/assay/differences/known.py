"""The recipes of a store, read fast and once, and which of them have finished results."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from assay import plain_recipes
from assay.differences.recipes import Plain
from assay.errors import UserError
from assay.finished import is_finished
from assay.places import Place, addresses, at
from assay.siblings import newest
from assay.store import RECIPE

log = logging.getLogger("assay.differences")


@dataclass(frozen=True, eq=False)
class Known:
    """A recipe in the store that has finished results."""

    store: Path
    recipe: Plain
    begun: tuple[Place, ...]
    """Its results, also those that are not finished."""

    @property
    def stage(self) -> str:
        """Its stage."""
        return str(self.recipe["stage"])

    @property
    def address(self) -> str:
        """Its address."""
        return str(self.recipe["address"])

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Its finished results."""
        return tuple(place for place in self.begun if is_finished(f"{self.store}/{place.path}"))

    @cached_property
    def newest(self) -> float:
        """When the last of its results was finished."""
        return newest(self.store, self.begun)


class Recipes:
    """The recipes of a store, each read when it is first asked for.

    Args:
        store: where results lie.
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self._known: dict[str, dict[str, Known]] = {}
        self._read: dict[tuple[str, str], Plain | None] = {}

    def known(self, stage: str) -> dict[str, Known]:
        """Address → recipe, of those of a stage that have finished results."""
        if stage not in self._known:
            self._known[stage] = {}
            for _, address in addresses(self.store, [stage]):
                begun = tuple(at(self.store, stage, address))
                if any(is_finished(f"{self.store}/{place.path}") for place in begun):
                    recipe = self.read(stage, address)
                    if recipe:
                        self._known[stage][address] = Known(self.store, recipe, begun)
        return self._known[stage]

    def read(self, stage: str, address: str) -> Plain | None:
        """The recipe at an address, None if there is none, or none that is valid."""
        key = (stage, address)
        if key not in self._read:
            path = self.store / stage / address / RECIPE
            try:
                self._read[key] = self._load(path) if path.is_file() else None
            except UserError as error:
                log.warning(f"left out: {error}")
                self._read[key] = None
        return self._read[key]

    def named(self, recipe: Plain) -> str:
        """The study and variant that a recipe was made for first, as far as that is known."""
        if recipe["stage"] == "report":
            return str(recipe["settings"]["study"])
        made = recipe.get("made_by")
        if recipe["stage"] in ("evaluate", "aggregate/variant"):
            train = recipe["upstream"]["train"]
            address = train if isinstance(train, str) else train["address"]
            made = (self.read("train", address) or {}).get("made_by")
        return "/".join(str(made[key]) for key in ("study", "variant") if made.get(key)) if made else ""

    def _load(self, path: Path) -> Plain:
        return {**plain_recipes.read(path), "address": path.parent.name}
