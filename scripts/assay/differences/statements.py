"""A module's statements one after another, each by what counts of it, those inside it left out.

Two bodies have the same sequence of (depth, mark) exactly if `assay.syntax.dump` of them is the same.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay import syntax

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_INNER = (ast.stmt, ast.excepthandler, ast.match_case)
"""What the blocks of a statement hold."""
_WORDS = {"orelse": "else", "finalbody": "finally"}
"""Blocks that begin with a word of their own, which is no node."""


@dataclass(frozen=True)
class Statement:
    """A statement without its blocks, a definition as a whole, or the word that a block begins with."""

    depth: int
    mark: str
    """What counts of it; of a definition its name."""
    node: ast.AST | None
    """None for a word; without its blocks, but for a definition."""
    first: int
    """Its first line, from 1."""
    last: int
    """Its last, blocks not counted."""


def statements(
    body: Sequence[Any], lines: Sequence[str], texts: bool = False, depth: int = 0
) -> Iterator[Statement]:
    """The statements of a body in their order; what is inside a definition is left out.

    Args:
        body: statements of a syntax tree.
        lines: the lines of the source.
        texts: whether texts that stand alone, such as docstrings, count.
        depth: how many blocks of the same definition the body is inside.
    """
    for node in body:
        if isinstance(node, ast.If if texts else ast.Expr | ast.If) and syntax.dump([node]) == "[]":
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) in syntax.TYPE_CHECKING:
            yield replace(_word("else", node.orelse, lines, depth), mark="else of what a type checker sees")
            yield from statements(node.orelse, lines, texts, depth + 1)
            continue
        own = header(node)
        if isinstance(node, Definition):
            yield Statement(depth, f"definition {node.name}", node, own.lineno, own.end_lineno)
            continue
        yield Statement(depth, syntax.dump(own), own, own.lineno, own.end_lineno)
        for name, block in _blocks(node):
            if name in _WORDS:
                yield _word(_WORDS[name], block, lines, depth)
            yield from statements(block, lines, texts, depth + 1)


def header(node: Any) -> Any:
    """A copy of a statement without its blocks, that knows which lines are left."""
    inside = dict(_blocks(node))
    kept = {name: [] if name in inside else value for name, value in ast.iter_fields(node)}
    own = type(node)(**kept)
    parts = list(_placed(own))
    # a case of a match has no line of its own; a definition begins with its decorators
    first = min([*([node.lineno] if hasattr(node, "lineno") else []), *(part.lineno for part in parts)])
    own.lineno, own.col_offset, own.end_col_offset = first, 0, 0
    last = [part.end_lineno for part in parts] if inside else [node.end_lineno]
    own.end_lineno = max([getattr(node, "lineno", first), *last])
    return own


def _placed(node: ast.AST) -> Iterator[Any]:
    """What has a place of its own below a node. What is inside a formatted text has none that is right."""
    for child in ast.iter_child_nodes(node):
        if hasattr(child, "lineno"):
            yield child
        if not isinstance(child, ast.JoinedStr):
            yield from _placed(child)


def _blocks(node: ast.AST) -> Iterator[tuple[str, list[Any]]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, list) and value and isinstance(value[0], _INNER):
            yield name, value


def _word(word: str, block: Sequence[Any], lines: Sequence[str], depth: int) -> Statement:
    """The `else` or `finally` before a block, or its `elif`."""
    line = block[0].lineno
    while line > 1 and not re.match(rf"\s*({word}|elif)\b", lines[line - 1]):
        line -= 1
    return Statement(depth, word, None, line, line)
