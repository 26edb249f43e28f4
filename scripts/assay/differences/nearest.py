"""The finished recipe that is nearest to a new one.

Nearest: the fewest keys and modules that differ; then the same study and variant; then the newest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
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
        self._items = _Items()
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
            self._stages[stage] = _Varying(known, [self._items.of(item.recipe) for item in known])
            for item in known:
                self._named.setdefault((stage, self._recipes.named(item.recipe)), []).append(item)
        tied = set(self._stages[stage].nearest(self._items.of(recipe)))
        tied = tied.intersection(self._named.get((stage, name), ())) or tied
        return min(tied, key=lambda item: (-item.newest, item.address)) if len(tied) > 1 else tied.pop()


class _Varying:
    """Recipes by what varies among them: what all have in common does not decide which is nearest."""

    def __init__(self, known: Sequence[Known], every: Sequence[Pairs]) -> None:
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


class _Items:
    """What of recipes is compared, as keys and values: of parts that recipes share, worked out once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[Any, list[tuple[str, str]]]] = {}

    def of(self, recipe: Plain) -> Pairs:
        """Settings, environment, code, what a recipe reads."""
        return frozenset(self._list(recipe, ""))

    def _list(self, recipe: Plain, where: str) -> list[tuple[str, str]]:
        found = [
            *self._flat(identifying(recipe), f"{where}settings"),
            *self._flat(recipe.get("environment") or {}, "environment"),
            *self._flat(recipe.get("code") or {}, "code"),
        ]
        for name, value in (recipe.get("upstream") or {}).items():
            if isinstance(value, Mapping):
                found += self._list(value, f"{where}{name} ")
            else:
                found.append((f"{where}{name}", value))
        return found

    def _flat(self, value: Any, key: str) -> list[tuple[str, str]]:
        """Dotted keys and values as text."""
        if not (isinstance(value, Mapping) and value):
            return [(key, repr(value))]
        at = (id(value), key)
        if at not in self._known:  # with the part itself, so that no other one gets its id
            found = [pair for name, item in value.items() for pair in self._flat(item, f"{key}.{name}")]
            self._known[at] = value, found
        return self._known[at][1]
