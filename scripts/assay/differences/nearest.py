"""The finished recipe that is nearest to a new one.

Nearest: the fewest keys and modules that differ; then the same study and variant; then the newest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from assay.differences.known import Known, Recipes
from assay.differences.recipes import Plain, identifying

Pairs = frozenset[tuple[str, str]]
"""Keys and values, both as text: what of a recipe is compared."""


class Nearest:
    """Finds the nearest of a store's finished recipes.

    Args:
        recipes: those of the store.
    """

    def __init__(self, recipes: Recipes) -> None:
        self._recipes = recipes
        self._stages: dict[str, _Varying] = {}
        self._named: dict[tuple[str, str], list[Known]] = {}

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
            for item in known:
                self._named.setdefault((stage, self._recipes.named(item.recipe)), []).append(item)
        tied = set(self._stages[stage].nearest(frozenset(_items(recipe))))
        tied = tied.intersection(self._named.get((stage, name), ())) or tied
        return min(tied, key=lambda item: (-item.newest, item.address)) if len(tied) > 1 else tied.pop()


class _Varying:
    """Recipes by what varies among them: what all have in common does not decide which is nearest."""

    def __init__(self, known: Sequence[Known]) -> None:
        every = [frozenset(_items(item.recipe)) for item in known]
        self._shared = {key for key, _ in frozenset.intersection(*every)}
        groups: dict[frozenset[str], list[tuple[Pairs, Known]]] = {}
        for pairs, item in zip(every, known, strict=True):
            rest = self._rest(pairs)
            groups.setdefault(frozenset(key for key, _ in rest), []).append((rest, item))
        self._groups = [_Alike.of(keys, members) for keys, members in groups.items()]

    def nearest(self, items: Pairs) -> list[Known]:
        """Those with the fewest keys whose values differ, or that only one side has."""
        own = self._rest(items)
        keys = {key for key, _ in own}
        found = [(group.cost(keys, own), *group.most_alike(own)) for group in self._groups]
        least = min(every - number for every, number, _ in found)
        return [item for every, number, alike in found if every - number == least for item in alike]

    def _rest(self, items: Pairs) -> Pairs:
        return frozenset(pair for pair in items if pair[0] not in self._shared)


@dataclass(frozen=True)
class _Alike:
    """Recipes with the same keys."""

    keys: frozenset[str]
    common: Pairs
    """What all of them have."""
    members: list[Known]
    having: Mapping[tuple[str, str], list[int]]
    """What some of them have → which."""

    @classmethod
    def of(cls, keys: frozenset[str], members: list[tuple[Pairs, Known]]) -> _Alike:
        """Recipes with all that they have."""
        common = frozenset.intersection(*(pairs for pairs, _ in members))
        having: dict[tuple[str, str], list[int]] = {}
        for number, (pairs, _) in enumerate(members):
            for pair in pairs - common:
                having.setdefault(pair, []).append(number)
        return cls(keys, common, [item for _, item in members], having)

    def most_alike(self, items: Pairs) -> tuple[int, list[Known]]:
        """How many items a member has at most, beside what all have; and the members that have so many."""
        found = Counter(number for pair in items for number in self.having.get(pair, ()))
        most = max(found.values(), default=0)
        if not most:
            return 0, self.members
        return most, [self.members[number] for number in sorted(found) if found[number] == most]

    def cost(self, keys: Set[str], items: Pairs) -> int:
        """How many keys differ from those of another recipe if no member has more than `common` of it."""
        return len(keys | self.keys) - len(items & self.common)


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
        yield key, repr(value)
