"""The recipes of a store, read fast and once, and which of them have finished results."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from assay.differences.recipes import Plain
from assay.errors import UserError
from assay.finished import is_finished
from assay.places import Place, at
from assay.recipe import Recipe, from_yaml, is_as_written
from assay.siblings import finished_places, newest
from assay.store import RECIPE

log = logging.getLogger("assay.differences")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CODE = re.compile(r"^( *)code:\n((?:\1  .+\n)+)", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Known:
    """A recipe in the store that has finished results."""

    store: Path
    recipe: Plain

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
        return finished_places(self.store, self.stage, self.address)

    @cached_property
    def newest(self) -> float:
        """When the last of its results was finished."""
        return newest(self.store, self.places)


class Recipes:
    """The recipes of a store, each read when it is first asked for.

    Args:
        store: where results lie.
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self._known: dict[str, dict[str, Known]] = {}
        self._code: dict[str, Any] = {}
        self._read: dict[tuple[str, str], Plain | None] = {}

    def known(self, stage: str) -> dict[str, Known]:
        """Address → recipe, of those of a stage that have finished results."""
        if stage not in self._known:
            self._known[stage] = {}
            for path in sorted((self.store / stage).glob(f"*/{RECIPE}")):
                places = at(self.store, stage, path.parent.name)
                if any(is_finished(place.folder(self.store)) for place in places):
                    recipe = self.read(stage, path.parent.name)
                    if recipe:
                        self._known[stage][path.parent.name] = Known(self.store, recipe)
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
        text = path.read_text(encoding="utf-8", errors="replace")
        # what the workflow has written was valid, and needs no care
        recipe = self._parse(text) if is_as_written(text) else plain(from_yaml(path))
        return {**recipe, "address": path.parent.name}

    def _parse(self, text: str) -> dict[str, Any]:
        """What a recipe file holds; code, which many have in common, is parsed once."""
        blocks: list[str] = []

        def put_aside(found: re.Match[str]) -> str:
            blocks.append(found[2])
            return f"{found[1]}code: {len(blocks) - 1}\n"

        recipe: dict[str, Any] = yaml.load(_CODE.sub(put_aside, text), Loader=_Loader)
        self._put_back(recipe, blocks)
        return recipe

    def _put_back(self, recipe: dict[str, Any], blocks: list[str]) -> None:
        if isinstance(recipe.get("code"), int):
            text = blocks[recipe["code"]]
            if text not in self._code:
                self._code[text] = yaml.load(text, Loader=_Loader)
            recipe["code"] = self._code[text]
        for value in (recipe.get("upstream") or {}).values():
            if isinstance(value, dict):
                self._put_back(value, blocks)


def plain(recipe: Recipe) -> dict[str, Any]:
    """A recipe as plain data, with what it was made for."""
    return recipe.plain() | {"made_by": dict(recipe.made_by)}
