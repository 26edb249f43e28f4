"""Differences in words, for a terminal of 100 columns."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assay.differences.code import Change, Place
from assay.differences.modules import ModuleDifference
from assay.differences.recipes import SECTIONS, Differences
from assay.differences.settings import NOT_SET, Value

WIDTH = 100
MOST_PLACES = 3
"""Places of a function that are shown."""
MOST_CHANGES = 6
"""Functions of a module."""

_BARE = re.compile(r"(?!(?:true|false|null|none|nan|inf)$)[A-Za-z_][\w ./:=+()%-]*", re.IGNORECASE)
"""Texts that cannot be taken for another value without quotes."""


@dataclass(frozen=True)
class Words:
    """What the two sides are called."""

    old: str
    new: str
    pair: str
    """The form of two values in one line."""
    at: str = "{side}"
    """The form of a side in a sentence."""

    def where(self, side: str) -> str:
        """`old` or `new` as it is in a sentence: `there`, `in A`."""
        return self.at.format(side=getattr(self, side))


WHY = Words("there", "here", "{old} there, {new} here")
DIFF = Words("A", "B", "{old} | {new}", "in {side}")


def told(differences: Differences, words: Words, seen: set[ModuleDifference]) -> Iterator[str]:
    """Lines of all sections; code that was told before (`seen`) is named only."""
    for title in SECTIONS:
        yield from section(title, values(getattr(differences, title), words, 2))
    yield from section("code", code(differences.code, words, seen))
    for item in differences.upstream:
        both = words.pair.format(old=item.old or "nothing", new=item.new or "nothing")
        yield from wrapped(f"reads {item.name}: {both}", 0)
    if differences.addresses:
        old, new = differences.addresses
        yield "nothing that the recipes say; their addresses are"
        yield f"  {words.pair.format(old=old, new=new)}"


def section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines under a title, if there are any."""
    for index, line in enumerate(lines):
        if index == 0:
            yield title
        yield f"  {line}"


def values(found: Iterable[Value], words: Words, indent: int) -> Iterator[str]:
    """Keys with both values: in one line where they fit, else in lines of their own.

    Args:
        found: the values.
        words: what the sides are called.
        indent: how far the lines will be indented.
    """
    for value in found:
        old, new = shown(value.old), shown(value.new)
        line = f"{value.key}: {words.pair.format(old=old, new=new)}"
        if len(line) + indent <= WIDTH - _MARGIN:
            yield line
        else:
            yield f"{value.key}:"
            yield from sides([(f"{words.old}:", old), (f"{words.new}:", new)], indent)


_MARGIN = 4
"""How far the lines of this module are indented by others, at most."""


def sides(lines: Sequence[tuple[str, str]], indent: int) -> Iterator[str]:
    """One or two labels and texts, one under the other; long texts are cut around what differs first."""
    label = max(len(name) for name, _ in lines)
    room = WIDTH - _MARGIN - indent - label - 3
    for index, (name, text) in enumerate(lines):
        other = lines[1 - index][1] if len(lines) == 2 else text
        yield f"  {name:{label}} {around(text, other, room)}"


def wrapped(text: str, indent: int) -> list[str]:
    """A text in as many lines as it needs, names not broken."""
    width = WIDTH - _MARGIN - indent
    return textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def around(text: str, other: str, room: int) -> str:
    """A text, cut to so many characters around the first in which it differs from another."""
    if len(text) <= room:
        return text
    same = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    start = max(0, min(same - room // 3, len(text) - room + 1))
    cut = f"{'…' if start else ''}{text[start:]}"
    return cut if len(cut) <= room else f"{cut[: room - 1]}…"


def shown(value: Any) -> str:
    """A value as a study has it, in one line; a digest or a commit by its beginning."""
    if value is NOT_SET:
        return "not set"
    if isinstance(value, str):
        if re.fullmatch(r"sha256:[0-9a-f]{64}", value):
            return f"content {value[7:19]}"
        if re.fullmatch(r"[0-9a-f]{40}", value):  # a commit
            return value[:12]
        return value if _BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def code(found: Sequence[ModuleDifference], words: Words, seen: set[ModuleDifference]) -> Iterator[str]:
    """Modules and what differs in them."""
    for item in found:
        if item.old is None or item.new is None:
            continue
        if item.is_data:
            yield f"{item.name}: another content of the file"
        elif item.no_copy:
            where = " and ".join(words.where(side) for side in item.no_copy)
            yield f"{item.name}: no copy of its code {where} was kept"
        elif item in seen:
            yield f"{item.name}: as above"
        else:
            seen.add(item)
            yield item.name
            yield from (f"  {line}" for line in _changes(item.changes, words))
    for side, other in (("old", "new"), ("new", "old")):
        names = [item.name for item in found if getattr(item, other) is None]
        if names:
            yield from wrapped(f"reached only {words.where(side)}: {', '.join(names)}", 2)


def _changes(changes: Sequence[Change], words: Words) -> Iterator[str]:
    only = {
        "added": f": only {words.where('new')}",
        "removed": f": only {words.where('old')}",
        "moved": ": at another place",
    }
    for change in changes[:MOST_CHANGES]:
        yield f"{change.name}{only.get(change.kind, '')}"
        for place in change.places[:MOST_PLACES]:
            yield from _place(place, words, change.kind)
        if (more := len(change.places) - MOST_PLACES) > 0:
            yield f"  and {more} more"
    if rest := [change.name for change in changes[MOST_CHANGES:]]:
        names = f"{', '.join(rest[:3])}{', …' if len(rest) > 3 else ''}"
        yield f"and {len(rest)} more: {names}"


def _place(place: Place, words: Words, kind: str) -> Iterator[str]:
    pairs = [(side, lines) for side, lines in ((words.old, place.old), (words.new, place.new)) if lines]
    width = max(len(name) for name in (words.old, words.new))
    numbers = [f"{p.first}" if p.first == p.last else f"{p.first}-{p.last}" for _, p in pairs]
    most = max(map(len, numbers))
    lines = [
        (f"{name:{width}} {number:>{most}}:", piece.text)
        for (name, piece), number in zip(pairs, numbers, strict=True)
    ]
    if kind == "changed" and len(lines) == 2 and lines[0][1] == lines[1][1]:
        lines = [(label, f"{text}  (in another block)") for label, text in lines]
    yield from sides(lines, 4)
