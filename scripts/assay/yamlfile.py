"""YAML as Assay reads it: safe, no key twice, `1e-3` a number, and every key's line known."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assay.errors import UserError

Key = tuple[str | int, ...]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe loading with the scalars of YAML 1.2: `yes` and dates are text, `1e-3` is a float."""


_SCALARS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"~|null|Null|NULL|", "~nN"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    "merge": (r"<<", "<"),
}
"""Kind → pattern of its texts, and the signs that these may begin with."""
_PREFIX = "tag:yaml.org,2002:"
_TAGS = frozenset(f"{_PREFIX}{name}" for name in (*_SCALARS, "str", "seq", "map"))
_MAX_DEPTH = 100
_MAX_KEYS = 1_000_000

_Loader.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in _SCALARS.items():
    _signs = [*_first, ""] if _name == "null" else list(_first)
    _Loader.add_implicit_resolver(_PREFIX + _name, re.compile(f"^(?:{_pattern})$"), _signs)


def _integer(loader: Any, node: yaml.ScalarNode) -> int:
    """An integer of YAML 1.2: `010` is ten, `0o10` is eight (PyYAML would say the opposite)."""
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes every text that this module's loader would read as something else."""


@functools.lru_cache(10_000)
def _is_mistakable(text: str) -> bool:
    return any(re.fullmatch(pattern, text) for pattern, _ in _SCALARS.values())


def _quoted(dumper: Any, text: str) -> yaml.ScalarNode:
    style = "'" if _is_mistakable(text) else None
    return dumper.represent_scalar(f"{_PREFIX}str", text, style=style)  # type: ignore[no-any-return]


_Dumper.add_representer(str, _quoted)


def dump(value: Any, width: int = 110) -> str:
    """Plain data as YAML that `parse` reads back as it was."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
    return text


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
    _require_shallow(text, path)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Key, int] = {}
        _walk(node, (), lines, path, ())
        content = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        said = error.problem or error.context
        raise UserError(f"{where}: is not valid YAML: {said}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{path}:{line}: is not valid YAML: {error.reason}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path}: is not valid YAML: {error}") from error
    finally:
        loader.dispose()
    return Document(path, content, lines)


def _require_shallow(text: str, path: Path) -> None:
    """Refuse text whose brackets are nested so deep that the parser's recursion would crash."""
    depth = 0
    for sign in re.findall(r"[\[{\]}]", text):
        depth += 1 if sign in "[{" else -1
        if depth > _MAX_DEPTH:
            raise UserError(f"{path}: is not valid YAML: brackets nested more than {_MAX_DEPTH} deep")


def _walk(
    node: yaml.Node | None, key: Key, lines: dict[Key, int], path: Path, above: tuple[int, ...]
) -> None:
    """Note the line of every key below `node`; refuse what settings cannot hold."""
    if node is None:
        return
    line = node.start_mark.line + 1
    lines.setdefault(key, line)
    name = node.tag.removeprefix(_PREFIX)
    if name in _SCALARS and not re.fullmatch(_SCALARS[name][0], str(node.value)):
        raise UserError(f"{path}:{line}: {node.value!r} is no {name}")
    if node.tag not in _TAGS:
        raise UserError(f"{path}:{line}: the tag !!{name} has no use here")
    if id(node) in above:
        raise UserError(f"{path}:{line}: an alias stands inside its own anchor")
    if len(lines) > _MAX_KEYS:
        raise UserError(f"{path}: has more than {_MAX_KEYS:,} keys, aliases written out")
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*key, index), lines, path, above)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name_node, value in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, yaml.ScalarNode):
                raise UserError(f"{path}:{line}: a key must be text, not a list or a mapping")
            if name_node.value in seen:
                raise UserError(f"{path}:{line}: the key {name_node.value!r} stands twice")
            seen.add(name_node.value)
            here = (*key, str(name_node.value))
            lines[here] = line
            _walk(value, here, lines, path, above)
