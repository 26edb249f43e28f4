"""Recipes as plain data. Files that are as the workflow has written them are read fast, equal parts once."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import yaml

from assay.recipe import Recipe, from_yaml, is_as_written

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENTRY = re.compile(r"(?![\s?:]|-\s).+\n(?:(?: .*|- .*|-)?\n)*")
"""A key of a mapping in block style with its value: what is indented below it, or the items of a list."""
_MAPPING = re.compile(r"(\w+):\n  (?=[^\s-])")
"""How an entry begins whose value is another mapping."""
_ADDRESS = re.compile(r"(\w+|variant [\w.=+-]+): ([0-9a-f]{12}-[0-9a-f]{8})\n")
_VARIANT = re.compile(r"(variant): ([A-Za-z]\w*=[\w.+-]+)\n")
_FRACTION = re.compile(r"([\w.]*[a-z]): ([0-9]+\.[0-9]+)\n")
"""Entries that are different in most recipes: what they say is text, and in the last one a number."""
_REFERENCE = "*id"
"""How a value begins that stands for another one, which only the whole text tells."""


def plain(recipe: Recipe) -> dict[str, Any]:
    """A recipe as plain data, with what it was made for."""
    return recipe.plain() | {"made_by": dict(recipe.made_by)}


def read(file: Path) -> dict[str, Any]:
    """The content of a recipe file, with the keys of the version that wrote it.

    Parts of it are parts of others, too: nobody may change them.

    Raises:
        UserError: it is not valid, or there is none.
    """
    return written(file) or plain(from_yaml(file))


def written(file: Path) -> dict[str, Any] | None:
    """The same of a file that is as the workflow has written it, and so was valid; None for others."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return parse(text.partition("\n")[2]) if is_as_written(text) else None


def parse(text: str) -> dict[str, Any]:
    """What a mapping in block style says, as `dump` has written it."""
    entries = [] if _REFERENCE in text else _ENTRY.findall(text)
    if not entries or sum(map(len, entries)) != len(text):
        found: dict[str, Any] = yaml.load(text, Loader=_Loader)
        return found
    return dict(map(_entry, entries))


@functools.lru_cache(2_000)
def _entry(text: str) -> tuple[str, Any]:
    """The key and the value of one entry."""
    if match := _MAPPING.match(text):
        return match[1], parse(text[match.end() :].replace("\n  ", "\n"))
    if match := _ADDRESS.fullmatch(text) or _VARIANT.fullmatch(text):
        return match[1], match[2]
    if match := _FRACTION.fullmatch(text):
        return match[1], float(match[2])
    [(key, value)] = yaml.load(text, Loader=_Loader).items()
    return key, value
