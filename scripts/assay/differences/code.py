"""Two versions of a module compared: which functions differ, and in which lines.

What counts is what `assay.syntax` digests: comments, docstrings and layout make no difference and are not
named. What does make one is named in the function (or class, or at the module's level) that it stands in.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import filterfalse, zip_longest
from typing import Any

from assay import syntax
from assay.differences.source import Lines, Source
from assay.differences.statements import Definition, Statement, header, statements

MODULE_LEVEL = "module level"


@dataclass(frozen=True)
class Place:
    """Where two versions differ; None where one has nothing."""

    old: Lines | None
    new: Lines | None


@dataclass(frozen=True)
class Change:
    """How a function, a class or a module's level differs."""

    name: str
    """Qualified, as `Class.method`; or MODULE_LEVEL."""
    kind: str
    """`changed`, `added`, `removed` or `moved`."""
    places: tuple[Place, ...]
    """In their order; of a definition that was added, removed or moved its first line."""


def compare(old: bytes, new: bytes) -> tuple[Change, ...]:
    """How two versions of a module differ; nothing exactly if their digests are equal.

    Raises:
        SyntaxError: one is not valid Python.
    """
    first, second = Source(old), Source(new)
    if syntax.tree_digest(first.tree) == syntax.tree_digest(second.tree):
        return ()
    for texts in (False, True):  # docstrings count in few modules
        comparison = _Comparison(first, second, texts)
        if found := tuple(comparison.definitions("", first.tree, second.tree)):
            return found
    whole = Place(first.piece(1, len(first.lines)), second.piece(1, len(second.lines)))
    return (Change(MODULE_LEVEL, "changed", (whole,)),)  # a docstring alone is a module, nothing is another


@dataclass(frozen=True)
class _Comparison:
    """The comparison of two versions of a module."""

    first: Source
    second: Source
    texts: bool
    """Whether texts that stand alone count."""

    def differ(self, old: Any, new: Any) -> bool:
        """Whether two trees differ in what counts."""
        dump = ast.dump if self.texts else syntax.dump
        return dump(old) != dump(new)

    def place(self, old: Statement | None, new: Statement | None) -> Place:
        """The lines of two statements."""
        return Place(
            self.first.piece(old.first, old.last) if old else None,
            self.second.piece(new.first, new.last) if new else None,
        )

    def definitions(self, scope: str, old: Any, new: Any) -> Iterator[Change]:
        """How two definitions, or two modules, differ: they themselves, then those inside them."""
        places = list(self.parts(header(old), header(new))) if scope else []
        removed: list[Statement] = []
        added: list[Statement] = []
        pairs: list[tuple[Statement, Statement]] = []
        before = [*statements(old.body, self.first.lines, self.texts)]
        after = [*statements(new.body, self.second.lines, self.texts)]
        for kind, was, now in _aligned(before, after, lambda item: (item.depth, item.mark)):
            if kind == "equal":
                pairs += [pair for pair in zip(was, now, strict=True) if _is_definition(pair[0])]
                continue
            removed += filter(_is_definition, was)
            added += filter(_is_definition, now)
            places += self.statements(
                [*filterfalse(_is_definition, was)], [*filterfalse(_is_definition, now)]
            )
        if places:
            yield Change(scope or MODULE_LEVEL, "changed", tuple(dict.fromkeys(places)))
        for item in removed:
            same = next((other for other in added if other.mark == item.mark), None)
            if same is None:
                yield Change(_qualified(scope, item), "removed", (self.place(item, None),))
                continue
            added.remove(same)
            pairs.append((item, same))
            yield Change(_qualified(scope, item), "moved", (self.place(item, same),))
        for item in added:
            yield Change(_qualified(scope, item), "added", (self.place(None, item),))
        for item, same in pairs:
            if self.differ(item.node, same.node):
                yield from self.definitions(_qualified(scope, item), item.node, same.node)

    def statements(self, old: Sequence[Statement], new: Sequence[Statement]) -> Iterator[Place]:
        """Where two stretches of statements differ that have none at the same place in common."""
        moved: list[Place] = []
        found = False
        for kind, was, now in _aligned(old, new, lambda item: item.mark):
            if kind == "equal":  # the same statements inside another block
                moved += map(self.place, was, now)
                continue
            found = found or any(item.node for item in (*was, *now))
            for one, other in zip_longest(was, now):
                if one and other and one.node and other.node:
                    yield from self.parts(one.node, other.node)
                else:
                    yield self.place(one, other)
        if not found:  # but for words such as `else`
            yield from moved

    def parts(self, old: Any, new: Any) -> Iterator[Place]:
        """Where two statements differ: their smallest parts with lines of their own."""
        if not self.differ(old, new):
            return
        for one, other in _smallest(old, new):
            place = Place(self.first.part(one) if one else None, self.second.part(other) if other else None)
            if place.old and place.new and place.old.text == place.new.text:  # a text over several lines
                texts = [" ".join(ast.unparse(node).split("\n")) for node in (one, other)]
                place = Place(replace(place.old, text=texts[0]), replace(place.new, text=texts[1]))
            yield place


def _is_definition(item: Statement) -> bool:
    return isinstance(item.node, Definition)


def _qualified(scope: str, item: Statement) -> str:
    name = item.mark.removeprefix("definition ")
    return f"{scope}.{name}" if scope else name


def _aligned(
    old: Sequence[Any], new: Sequence[Any], key: Callable[[Any], Any]
) -> Iterator[tuple[str, Sequence[Any], Sequence[Any]]]:
    """(kind, old items, new items) of every stretch of two sequences, as `difflib` has it."""
    matcher = SequenceMatcher(None, [*map(key, old)], [*map(key, new)], autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        yield kind, old[i:j], new[k:m]


def _smallest(old: Any, new: Any) -> list[tuple[Any, Any]]:
    """The smallest pairs of nodes, both with lines of their own, that hold all that differs in two trees."""
    whole = [(old, new)]
    if type(old) is not type(new) or isinstance(old, ast.JoinedStr):
        return whole
    found: list[tuple[Any, Any]] = []
    for name in old._fields:
        one, other = getattr(old, name, None), getattr(new, name, None)
        if name in ("ctx", "kind", "type_comment") or syntax.dump(one) == syntax.dump(other):
            continue
        if isinstance(one, ast.AST) and isinstance(other, ast.AST):
            found += _smallest(one, other)
        elif isinstance(one, list) and isinstance(other, list):
            for kind, was, now in _aligned(one, other, syntax.dump):
                for pair in zip_longest(was, now) if kind != "equal" else ():
                    found += _smallest(*pair) if all(isinstance(x, ast.AST) for x in pair) else [pair]
        else:
            return whole
    short = all(hasattr(node, "lineno") and node.lineno == node.end_lineno for node in (old, new))
    for pair in found:
        given = [node for node in pair if node is not None]
        if not all(hasattr(node, "lineno") for node in given) or (short and len(given) == 1):
            return whole
    return found or whole
