"""A recipe: all that decides the bytes of one stage's results. Its hash is their address.

address = <config>-<code>
config    12 hex digits: stage, settings, upstream addresses (`assay.canonical`)
code       8 hex digits: the modules that the recipe reaches (`assay.closure`), or those that they were
           accepted as equivalent to (`assay.accepted`)
"""

from __future__ import annotations

import functools
import hashlib
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from textwrap import indent
from typing import Any

from assay import accepted, canonical, closure, components
from assay.errors import Problem, UserError, fail
from assay.settings.base import Settings
from assay.settings.component import Component
from assay.settings.stages import STAGES
from assay.settings.validate import validate
from assay.store import seed_folder
from assay.yamlfile import dump, read

log = logging.getLogger("assay.recipe")

_CODE = re.compile(r"^( *)code: (\d+)\n", re.MULTILINE)
"""What stands for code while a recipe is written."""
_SHA256 = "# sha256: "
"""How the first line of a recipe file begins."""


@dataclass(frozen=True)
class Recipe:
    """The settings of one stage, complete and valid, and the addresses it builds on."""

    stage: str
    settings: Any
    """An object of the stage's settings class."""
    upstream: Mapping[str, str] = field(default_factory=dict)
    """Name → address of what is read."""
    embedded: Mapping[str, Recipe] = field(default_factory=dict)
    """Recipes of `upstream` in full, where a run must be repeatable from one file."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Versions, where the configuration makes them part of the identity."""
    modules: Mapping[str, str] | None = None
    """Module → digest: the code, if it is not what lies on disk now."""
    recorded: str | None = None
    """The address that a recipe file says it has."""
    made_by: Mapping[str, Any] = field(default_factory=dict)
    """The study, variant and overrides that led to it: for people, in no address."""

    @cached_property
    def code(self) -> Mapping[str, str]:
        """Module → digest of every module that the recipe reaches."""
        return self.code_now() if self.modules is None else self.modules

    def code_now(self) -> Mapping[str, str]:
        """The same, as the code lies on disk now."""
        named = [*_components(self.settings)]
        for other in self.embedded.values():
            if other.stage == "train":  # to evaluate a run, or to learn from it, is to rebuild it
                for part in (other.settings.task, other.settings.model, other.settings.loss):
                    named += _components(part)
        modules = {components.define(c.group, c.name).module for c in named}
        return closure.closure({*closure.ENTRIES[self.stage.split("/")[0]], *modules})

    def with_code_now(self) -> Recipe:
        """The same settings under the code as it lies on disk now, upstream included."""
        embedded = {name: recipe.with_code_now() for name, recipe in self.embedded.items()}
        upstream = dict(self.upstream) | {name: recipe.address for name, recipe in embedded.items()}
        return replace(self, modules=None, embedded=embedded, upstream=upstream, recorded=None)

    @cached_property
    def address(self) -> str:
        """`<config>-<code>`."""
        config = canonical.digest(self.identity())[: canonical.CONFIG_DIGITS]
        code = closure.digest(dict(self.code))[: canonical.CODE_DIGITS]
        return f"{config}-{accepted.original(self.stage, config, code)}"

    def identity(self) -> dict[str, Any]:
        """What the first half of the address hashes."""
        settings = self.settings.identifying()
        for name, digest in settings.pop("files", {}).items():
            settings["data"]["source"][name] = f"sha256:{digest}"
        found = {"version": canonical.VERSION, "stage": self.stage, "settings": settings}
        if self.upstream:
            found["upstream"] = dict(self.upstream)
        if self.environment:
            found["environment"] = dict(self.environment)
        return found

    def folder(self, store: Path) -> Path:
        """Where the results of this recipe lie."""
        return store / self.stage / self.address

    @property
    def recipes_read(self) -> dict[str, Recipe]:
        """Setting → recipe of another variant whose runs those of this train recipe read."""
        return {name: recipe for name, recipe in self.embedded.items() if recipe.stage == "train"}

    def runs_read(self, store: Path, seed: int) -> dict[str, Path]:
        """Setting → folder of the run of another variant that a run of this train recipe reads."""
        return {name: recipe.folder(store) / seed_folder(seed) for name, recipe in self.recipes_read.items()}

    def plain(self) -> dict[str, Any]:
        """The recipe as plain data, for YAML."""
        found: dict[str, Any] = {"stage": self.stage, "address": self.address}
        found["settings"] = self.settings.model_dump(mode="json")
        if self.upstream:
            found["upstream"] = {
                name: self.embedded[name].plain() if name in self.embedded else address
                for name, address in self.upstream.items()
            }
        if self.environment:
            found["environment"] = dict(self.environment)
        found["code"] = dict(self.code)
        return found


def _components(settings: Settings) -> Iterator[Component]:
    """Every component that settings name, at any depth."""
    if isinstance(settings, Component):
        yield settings
        for _, part in settings.parts():
            yield from _components(part)
        return
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Settings):
                yield from _components(item)


def to_yaml(recipe: Recipe) -> str:
    """A recipe as a file's text, whose first line has the digest of all that follows."""
    content = recipe.plain() | ({"made_by": dict(recipe.made_by)} if recipe.made_by else {})
    text = _with_code(content) or dump(content)
    return f"{_first_line(text)}{text}"


def _with_code(content: Mapping[str, Any]) -> str | None:
    """The same text as `dump` gives; code, which is most of it and shared by many, is written once.

    None where other content looks like what stands for code meanwhile.
    """
    blocks: list[str] = []

    def aside(part: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(part)
        if upstream := part.get("upstream"):
            found["upstream"] = {k: aside(v) if isinstance(v, dict) else v for k, v in upstream.items()}
        if part["code"]:
            blocks.append(_code_text(tuple(part["code"].items())))
            found["code"] = len(blocks) - 1
        return found

    text = dump(aside(content))
    if len(_CODE.findall(text)) != len(blocks):
        return None
    return _CODE.sub(lambda match: indent(blocks[int(match[2])], match[1]), text)


@functools.cache
def _code_text(code: tuple[tuple[str, str], ...]) -> str:
    """Code as it stands in a recipe that is in no other."""
    return dump({"code": dict(code)})


def is_as_written(text: str) -> bool | None:
    """Whether a recipe file's text is what `to_yaml` gave; None if it does not say what that was.

    Nobody needs to keep that line up to date: who edits a recipe may leave it.
    """
    first, _, rest = text.partition("\n")
    return f"{first}\n" == _first_line(rest) if first.startswith(_SHA256) else None


def code_of(content: Any) -> Iterator[str]:
    """The digests of all code that a recipe names, as plain data, also that of the recipes in it."""
    if isinstance(content, Mapping):
        yield from (content.get("code") or {}).values()
        for value in (content.get("upstream") or {}).values():
            yield from code_of(value)


def _first_line(text: str) -> str:
    return f"{_SHA256}{hashlib.sha256(text.encode()).hexdigest()}\n"


def from_yaml(path: Path) -> Recipe:
    """Read a recipe file: complete settings, checked again; code as the file records it.

    Raises:
        UserError: the file is no recipe, or something in it is not valid.
    """
    document = read(path)
    return _from_plain(document.content, str(path), "")


def read_train(path: Path) -> Recipe:
    """Read the recipe file of a train stage.

    Raises:
        UserError: as `from_yaml`, or it is of another stage.
    """
    recipe = from_yaml(path)
    if recipe.stage != "train":
        raise UserError(f"{path}: is a recipe of {recipe.stage}, not of train")
    return recipe


def _from_plain(content: Any, where: str, key: str) -> Recipe:
    stage = content.get("stage") if isinstance(content, dict) else None
    if not (isinstance(stage, str) and stage in STAGES):
        raise UserError(f"{where}: {key}is not a recipe (its stage is {stage!r})")
    settings, wrong = validate(STAGES[stage], content.get("settings"))
    fail(Problem(where, key + ".".join(map(str, ("settings", *at))), text) for at, text in wrong)
    upstream = content.get("upstream", {})
    environment, modules = content.get("environment", {}), content.get("code", {})
    if not (isinstance(upstream, dict) and _is_text(environment) and _is_text(modules)):
        raise UserError(f"{where}: {key}upstream, environment and code must map names to text")
    embedded = {
        name: _from_plain(value, where, f"{key}upstream.{name}.")
        for name, value in upstream.items()
        if isinstance(value, dict)
    }
    needed = {"train": "prepare", "evaluate": "train"}.get(stage)
    if needed and (needed not in embedded or embedded[needed].stage != needed):
        raise UserError(f"{where}: {key}upstream.{needed}: must be the whole recipe")
    addresses = {
        name: embedded[name].address if name in embedded else value for name, value in upstream.items()
    }
    if not _is_text(addresses):
        raise UserError(f"{where}: {key}upstream: must map names to addresses or recipes")
    if stage == "prepare" and not set(settings.files) <= set(settings.data.source.settings):  # type: ignore[union-attr]
        raise UserError(f"{where}: {key}settings.files: names what is no setting of the data set")
    recorded, made_by = content.get("address"), content.get("made_by") or {}
    if not isinstance(made_by, dict):
        raise UserError(f"{where}: {key}made_by: must be a mapping")
    return Recipe(stage, settings, addresses, embedded, environment, modules, recorded, made_by)


def _is_text(value: Any) -> bool:
    """Whether a value is a mapping from text to text."""
    return isinstance(value, dict) and all(isinstance(x, str) for pair in value.items() for x in pair)


def require_same(receipt: dict[str, Any], folder: Path, recipe: Recipe, seed: int) -> dict[str, Any]:
    """The receipt of a finished result, if it is the recipe's and the seed's: it is not done again.

    Raises:
        UserError: the folder holds another result, which is never overwritten.
    """
    if (receipt["address"], receipt.get("seed")) != (recipe.address, seed):
        raise UserError(
            f"{folder}: holds {receipt['stage']} {receipt['address']}, seed {receipt.get('seed')}, "
            f"not {recipe.address}, seed {seed}; choose another folder"
        )
    log.info(f"{folder}: is finished already")
    return receipt


def require_planned(recipe: Recipe) -> None:
    """Refuse to compute under an address that is no longer what settings and code on disk make it.

    Raises:
        UserError: names the modules that changed since the recipe was planned.
    """
    current = replace(recipe, modules=None)
    if current.address == (recipe.recorded or recipe.address):
        return
    if changed := closure.changed(recipe.code, current.code):
        raise UserError(
            f"the code changed while the workflow ran ({', '.join(changed)}); "
            f"{recipe.stage} {recipe.address} was planned with the code before. Run the workflow again"
        )
    raise UserError(
        f"{recipe.stage} {recipe.recorded}: its settings now have the address {recipe.address}. "
        "Run the workflow again"
    )
