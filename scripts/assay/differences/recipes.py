"""Two recipes of one stage compared: settings, data, environment, code; what they build on is gone into.

Recipes are plain data here, as `Recipe.plain` and recipe files have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from assay.differences import settings
from assay.differences.modules import ModuleDifference, Modules
from assay.differences.settings import Value

Plain = Mapping[str, Any]
"""A recipe as plain data."""
Lookup = Callable[[str, str], Plain | None]
"""(stage, address) → the recipe there, to be gone into; None: it is not."""


_VARIANT = "variant "
SECTIONS = ("settings", "data", "environment")
"""Those of keys and values."""


@dataclass(frozen=True)
class Upstream:
    """Another result that is read, and is not gone into."""

    name: str
    """`evaluate`; `variant plain`."""
    stage: str
    old: str | None
    new: str | None
    """Addresses; None where none is read."""


@dataclass(frozen=True)
class Differences:
    """What separates two recipes."""

    settings: tuple[Value, ...] = ()
    data: tuple[Value, ...] = ()
    """Settings of the prepare stage; the digest of a data file as the value of the setting that names it."""
    environment: tuple[Value, ...] = ()
    code: tuple[ModuleDifference, ...] = ()
    upstream: tuple[Upstream, ...] = ()
    addresses: tuple[str, str] | None = None
    """The addresses, where nothing else is known that separates them."""

    def __bool__(self) -> bool:
        return self != Differences()

    def plain(self) -> dict[str, Any]:
        """As JSON, with the sections that there are."""
        found: dict[str, Any] = {
            **{name: [value.plain() for value in getattr(self, name)] for name in SECTIONS},
            "code": [asdict(item) for item in self.code],
            "upstream": [asdict(item) for item in self.upstream],
            "addresses": list(self.addresses or ()),
        }
        return {name: content for name, content in found.items() if content}


@dataclass
class _Found:
    """What is collected on the way through the recipes."""

    modules: Modules
    lookup: Lookup
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    values: dict[str, dict[str, Value]] = field(default_factory=dict)
    """Section → text of a value, so that none is there twice → value."""
    code: dict[ModuleDifference, None] = field(default_factory=dict)
    upstream: dict[Upstream, None] = field(default_factory=dict)

    def add(self, section: str, prefix: str, values: list[Value]) -> None:
        """Note values that differ."""
        for value in values:
            named = Value(f"{prefix}{value.key}", value.old, value.new)
            self.values.setdefault(section, {}).setdefault(repr(named), named)

    def section(self, name: str) -> tuple[Value, ...]:
        """What was noted."""
        return tuple(self.values.get(name, {}).values())


def compare(
    old: Plain, new: Plain, modules: Modules, lookup: Lookup = lambda stage, address: None
) -> Differences:
    """What separates two recipes of one stage.

    Args:
        old: one.
        new: the other.
        modules: compares their code.
        lookup: finds recipes that others name by their address.
    """
    found = _Found(modules, lookup)
    _compare(old, new, "", found)
    differences = Differences(
        settings=found.section("settings"),
        data=found.section("data"),
        environment=found.section("environment"),
        code=tuple(found.code),
        upstream=tuple(found.upstream),
    )
    if not differences and old["address"] != new["address"]:
        return Differences(addresses=(old["address"], new["address"]))
    return differences


def _compare(old: Plain, new: Plain, prefix: str, found: _Found) -> None:
    """Note what separates two recipes and those that they build on."""
    stage = old["stage"]
    seen = (stage, old["address"], new["address"])
    if seen in found.seen:
        return
    found.seen.add(seen)
    section = "data" if stage == "prepare" else "settings"
    found.add(section, prefix, settings.compare(stage, identifying(old), identifying(new)))
    before, after = old.get("environment") or {}, new.get("environment") or {}
    found.add("environment", "", list(settings.differing(before, after)))
    found.code |= dict.fromkeys(found.modules.compare(old.get("code") or {}, new.get("code") or {}))
    before, after = upstream(old), upstream(new)
    for name in {**before, **after}:
        _compare_upstream(name, before.get(name), after.get(name), prefix, found)


def _compare_upstream(name: str, old: Any, new: Any, prefix: str, found: _Found) -> None:
    """Note what separates what two recipes read under one name: (stage, address, recipe or None)."""
    if old and new and old[1] == new[1]:
        return
    if name.startswith(_VARIANT) and not (old and new):  # the lists of variants differ, which says it
        return
    if old and new and old[0] == new[0]:
        before, after = (recipe or found.lookup(stage, at) for stage, at, recipe in (old, new))
        if before and after:
            # keys of other stages say themselves whose they are
            _compare(before, after, prefix if name == old[0] else f"{prefix}{name}: ", found)
            return
    stage = (new or old)[0]
    found.upstream[Upstream(f"{prefix}{name}", stage, old and old[1], new and new[1])] = None


def identifying(recipe: Plain) -> dict[str, Any]:
    """The settings of a recipe that decide its address, files by their content; defaults are left in."""
    found = dict(recipe["settings"])
    if recipe["stage"] == "prepare" and found.get("files"):
        source = dict(found["data"]["source"])
        source |= {name: f"sha256:{digest}" for name, digest in found["files"].items()}
        found["data"] = {**found["data"], "source": source}
        found["files"] = {}
    if recipe["stage"] == "train":  # a run that is read is known by its address, not by its variant's name
        read = upstream(recipe)
        found["task"] = {key: value for key, value in found["task"].items() if key not in read}
    return found


def upstream(recipe: Plain) -> dict[str, tuple[str, str, Plain | None]]:
    """Name → (stage, address, the recipe if it is in this one) of what a recipe reads."""
    found: dict[str, tuple[str, str, Plain | None]] = {}
    for name, value in (recipe.get("upstream") or {}).items():
        if isinstance(value, Mapping):
            found[name] = (value["stage"], value["address"], value)
        elif recipe["stage"] == "aggregate/study":  # named by their places in the list of variants
            variant = recipe["settings"]["variants"][int(name)]
            found[f"{_VARIANT}{variant}"] = ("aggregate/variant", value, None)
        else:
            found[name] = (name, value, None)
    return found
