"""What counts of a module's source: its syntax tree, without comments, docstrings, layout, type imports.

Of a module that says `__doc__`, docstrings count.
"""

from __future__ import annotations

import ast
import hashlib
from typing import Any

TYPE_CHECKING = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
"""Conditions of what only a type checker sees."""

_SKIPPED = ("ctx", "kind", "type_comment", "type_ignores")


def source_digest(source: bytes, name: str = "<source>") -> str:
    """SHA-256 of a source's syntax tree; equal on all versions of Python."""
    return tree_digest(ast.parse(source, name))


def tree_digest(tree: ast.AST) -> str:
    """SHA-256 of what counts of a syntax tree."""
    text = dump(tree)
    if "str:'__doc__'" in text:  # of a module that reads docstrings, they count
        text += ",".join(filter(None, map(_lone_text, ast.walk(tree))))
    return hashlib.sha256(text.encode()).hexdigest()


def dump(node: Any) -> str:
    """A syntax tree as text: node types and their non-empty fields, without positions."""
    if isinstance(node, list):
        return f"[{','.join(map(dump, filter(_counts, node)))}]"
    if not isinstance(node, ast.AST):
        return f"{type(node).__name__}:{node!a}"
    if isinstance(node, ast.If) and ast.unparse(node.test) in TYPE_CHECKING:
        return dump(node.orelse)
    if isinstance(node, ast.JoinedStr):  # Python 3.12 adds empty texts to format specifications
        node = ast.JoinedStr([part for part in node.values if not _is_empty_text(part)])
    fields = [
        f"{name}={dump(value)}"
        for name, value in ast.iter_fields(node)
        if name not in _SKIPPED and value is not None and value != []
    ]
    return f"{type(node).__name__}({','.join(fields)})"


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


def _counts(node: Any) -> bool:
    """False for docstrings and for imports for type checkers."""
    if isinstance(node, ast.If) and ast.unparse(node.test) in TYPE_CHECKING:
        return bool(node.orelse)
    return _lone_text(node) is None


def _lone_text(node: Any) -> str | None:
    """A text that stands alone, such as a docstring, in quotes; None if the node is none."""
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return ascii(text)
    return None
