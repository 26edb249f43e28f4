"""The finished recipe that is nearest to a new one.

Nearest: the fewest keys and modules that differ; then the same study and variant; then the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.canonical import canonical_json
from assay.differences.known import Known, Recipes
from assay.differences.recipes import Plain, identifying

Items = Mapping[str, str]
"""Key → value, both as text: what of a recipe is compared."""


class Nearest:
    """Finds the nearest of a store's finished recipes.

    Args:
        recipes: those of the store.
    """

    def __init__(self, recipes: Recipes) -> None:
        self._recipes = recipes
        self._stages: dict[str, _Varying] = {}

    def find(self, recipe: Plain, name: str) -> Known | None:
        """The nearest of the same stage; None if nothing of the stage is finished.

        Args:
            recipe: the new one.
            name: its study and variant, as `study/variant`.
        """
        stage = recipe["stage"]
        known = list(self._recipes.known(stage).values())
        if not known:
            return None
        if stage not in self._stages:
            self._stages[stage] = _Varying(known)
        tied = self._stages[stage].nearest(dict(_items(recipe)))
        named = self._recipes.named
        return min(tied, key=lambda item: (named(item.recipe) != name, -item.newest, item.address))


class _Varying:
    """Recipes by what varies among them: what all have in common does not decide which is nearest."""

    def __init__(self, known: Sequence[Known]) -> None:
        every = [dict(_items(item.recipe)) for item in known]
        shared = set(every[0].items())
        for items in every[1:]:
            shared &= items.items()
        self._known = known
        self._shared = {key for key, _ in shared}
        self._pairs = [frozenset(self._rest(items)) for items in every]
        self._keys = [frozenset(key for key, _ in pairs) for pairs in self._pairs]

    def nearest(self, items: Items) -> list[Known]:
        """Those with the fewest keys whose values differ, or that only one side has."""
        own = frozenset(self._rest(items))
        keys = frozenset(key for key, _ in own)
        costs = [
            len(keys | theirs) - len(own & pairs)
            for theirs, pairs in zip(self._keys, self._pairs, strict=True)
        ]
        least = min(costs)
        return [item for item, cost in zip(self._known, costs, strict=True) if cost == least]

    def _rest(self, items: Items) -> Iterator[tuple[str, str]]:
        return ((key, value) for key, value in items.items() if key not in self._shared)


def _items(recipe: Plain, where: str = "") -> Iterator[tuple[str, str]]:
    """What of a recipe is compared: settings, environment, code, what it reads."""
    yield from _flat(identifying(recipe), f"{where}settings")
    yield from _flat(recipe.get("environment") or {}, "environment")
    for name, value in (recipe.get("upstream") or {}).items():
        if isinstance(value, Mapping):
            yield from _items(value, f"{where}{name} ")
        else:
            yield f"{where}{name}", value
    for module, digest in (recipe.get("code") or {}).items():
        yield f"code {module}", digest


def _flat(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}")
    else:
        yield key, canonical_json(value)
