"""A module's source: its syntax tree, and its lines as they are shown to people."""

from __future__ import annotations

import ast
import importlib.util
import io
import tokenize
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lines:
    """A piece of a source."""

    first: int
    last: int
    """Lines count from 1."""
    text: str
    """Without comments and indentation, in one line."""


class Source:
    """A module's tree and its lines."""

    def __init__(self, source: bytes) -> None:
        self.tree = ast.parse(source)
        text = importlib.util.decode_source(source)
        self.lines = text.split("\n")
        self.shown = _without_comments(text)

    def piece(self, first: int, last: int) -> Lines:
        """Some of its lines."""
        parts = (line.strip() for line in self.shown[first - 1 : last])
        return Lines(first, last, " ".join(part for part in parts if part))

    def part(self, node: Any) -> Lines:
        """The lines of a node."""
        return self.piece(node.lineno, node.end_lineno)


def _without_comments(text: str) -> list[str]:
    lines = text.split("\n")
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, SyntaxError):  # it was parsed: what is left of it is shown as it is
        pass
    return lines
