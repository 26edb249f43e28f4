"""YAML as Assay reads it: safe, no key twice, `1e-3` a number, and every key's line known."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assay.errors import UserError

Key = tuple[str | int, ...]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe loading with the scalars of YAML 1.2: `yes` and dates are text, `1e-3` is a float."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def _integer(loader: Any, node: yaml.ScalarNode) -> int:
    """An integer of YAML 1.2: `010` is ten, `0o10` is eight (PyYAML would say the opposite)."""
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


@dataclass(frozen=True)
class Document:
    """A YAML file's content and the line of each of its keys."""

    path: Path
    content: Any
    lines: dict[Key, int]

    def where(self, key: Key) -> str:
        """`file:line` of the key, or of the nearest enclosing key that the file has."""
        while key not in self.lines and key:
            key = key[:-1]
        return f"{self.path}:{self.lines.get(key, 1)}"


def parse(text: str, name: str = "text") -> Any:
    """The content of a piece of YAML; UserError naming `name` if it does not parse."""
    return _load(text, Path(name)).content


def read(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        UserError: the file is missing, is not UTF-8, does not parse, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return _load(text, path)


def _load(text: str, path: Path) -> Document:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Key, int] = {}
        _walk(node, (), lines, path, set())
        content = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        said = error.problem or error.context
        raise UserError(f"{where}: is not valid YAML: {said}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not valid YAML: {error}") from error
    finally:
        loader.dispose()
    return Document(path, content, lines)


def _walk(
    node: yaml.Node | None, key: Key, lines: dict[Key, int], path: Path, visited: set[int]
) -> None:
    """Note the line of every key below `node`; refuse a key that stands twice in one mapping."""
    if node is None or id(node) in visited:  # an alias is walked once: it may be its own parent
        return
    visited.add(id(node))
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*key, index), lines, path, visited)
    elif isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for name, value in node.value:
            line = name.start_mark.line + 1
            if name.value in seen and name.tag != "tag:yaml.org,2002:merge":
                raise UserError(f"{path}:{line}: the key {name.value!r} stands twice")
            seen.add(name.value if isinstance(name.value, str) else id(name))
            here = (*key, str(name.value))
            lines[here] = line
            _walk(value, here, lines, path, visited)
