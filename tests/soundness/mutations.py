"""Small edits of a module's source, as a person makes them: one at a time, in each function, class and constant."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

Edit = tuple[ast.AST, str]
"""A node and the text that takes its place."""
Splice = tuple[int, int, bytes]
"""Where the text goes that takes a node's place: the first byte and the one after the last."""

SWAPPED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mod,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """A changed source."""

    where: str
    """The function, class or constant."""
    kind: str
    source: bytes


def targets(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Every function, method and class, at any depth, and every constant of the module, by name."""

    def below(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.stmt]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield f"{prefix}{child.name}", child
                yield from below(child, f"{prefix}{child.name}.")
            elif not _is_for_type_checkers(child):
                yield from below(child, prefix)

    yield from below(tree, "")
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            name = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield ast.unparse(name), node


class Source:
    """A module's source and the ways of changing it."""

    def __init__(self, source: bytes) -> None:
        self.source, self.tree = source, ast.parse(source)
        self.targets = list(targets(self.tree))
        self._dump = ast.dump(self.tree)
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def ways(self, target: int, first: int = 0) -> Iterator[Mutation]:
        """One mutation of each kind that there is in a target, the kinds beginning with another one."""
        *kinds, last = KINDS
        first %= len(kinds)
        for kind in (*kinds[first:], *kinds[:first], last):
            changed = (self._with([edit]) for edit in self._edits(target, kind))
            for source in islice(filter(self._is_other, changed), 1):
                yield Mutation(self.targets[target][0], kind, source)

    def all_at_once(self) -> bytes:
        """The source with one edit in every target."""
        chosen: list[Splice] = []
        for target in range(len(self.targets)):
            edits = (edit for kind in KINDS for edit in self._edits(target, kind))
            apart = (e for e in edits if all(e[1] <= begin or end <= e[0] for begin, end, _ in chosen))
            chosen.extend(islice(apart, 1))
        source = self._with(chosen)
        assert self._is_other(source) or not chosen
        return source

    def _edits(self, target: int, kind: str) -> Iterator[Splice]:
        for node, text in KINDS[kind](self.targets[target][1]):
            begin = self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
            end = self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
            yield begin, end, text.encode()

    def _with(self, edits: list[Splice]) -> bytes:
        source = self.source
        for begin, end, text in sorted(edits, reverse=True):
            source = source[:begin] + text + source[end:]
        return source

    def _is_other(self, source: bytes) -> bool:
        """Whether a source is Python and another program."""
        try:
            return ast.dump(ast.parse(source)) != self._dump
        except SyntaxError:
            return False


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """What a function or class does, at any depth: neither docstrings nor imports."""
    for child in ast.walk(node):
        passed = (
            isinstance(child, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef) or child is node
        )
        if isinstance(child, ast.stmt) and not passed and not _is_text(child):
            yield child


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions that a function, class or constant computes; parts of f-strings have no exact place."""
    for part in [*_statements(node)] if hasattr(node, "body") else [node]:
        waiting: list[ast.AST] = list(ast.iter_child_nodes(part))
        while waiting:
            child = waiting.pop(0)
            if isinstance(child, ast.expr):
                yield child
            if not isinstance(child, ast.JoinedStr | ast.stmt):
                waiting.extend(ast.iter_child_nodes(child))


def _changed(value: object) -> str | None:
    """Another constant, as text."""
    match value:
        case bool():
            return repr(not value)
        case int() | float():
            return repr(value + 1)
        case str():
            return repr(f"{value}x")
        case None:
            return "0"
    return None


def _constants(node: ast.stmt) -> Iterator[Edit]:
    for part in _expressions(node):
        if isinstance(part, ast.Constant) and (text := _changed(part.value)):
            yield part, text


def _operators(node: ast.stmt) -> Iterator[Edit]:
    for part in _expressions(node):
        if isinstance(part, ast.BinOp | ast.BoolOp) and type(part.op) in SWAPPED:
            other = ast.parse(ast.unparse(part), mode="eval").body
            other.op = SWAPPED[type(part.op)]()  # type: ignore[attr-defined]
            yield part, f"({ast.unparse(other)})"
        elif isinstance(part, ast.UnaryOp):
            yield part, f"({ast.unparse(part.operand)})"


def _comparisons(node: ast.stmt) -> Iterator[Edit]:
    for part in _expressions(node):
        if isinstance(part, ast.Compare):
            other = ast.parse(ast.unparse(part), mode="eval").body
            assert isinstance(other, ast.Compare)
            other.ops[0] = SWAPPED[type(part.ops[0])]()
            yield part, f"({ast.unparse(other)})"


def _removals(node: ast.stmt) -> Iterator[Edit]:
    for part in reversed([*_statements(node)]):
        if not isinstance(part, ast.Pass):
            yield part, "pass"


def _defaults(node: ast.stmt) -> Iterator[Edit]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if isinstance(default, ast.Constant) and (text := _changed(default.value)):
                yield default, text


def _decorators(node: ast.stmt) -> Iterator[Edit]:
    for decorator in getattr(node, "decorator_list", []):
        yield decorator, "(lambda found: found)"


def _bases(node: ast.stmt) -> Iterator[Edit]:
    for base in getattr(node, "bases", []):
        yield base, "object" if ast.unparse(base) != "object" else "dict"


def _values(node: ast.stmt) -> Iterator[Edit]:
    """Another value of a constant of the module."""
    value = getattr(node, "value", None)
    if isinstance(node, ast.Assign | ast.AnnAssign) and value is not None:
        yield value, f"({ast.unparse(value)}, 0)"


def _empty_bodies(node: ast.stmt) -> Iterator[Edit]:
    """Something to do for a function, or an attribute for a class, in place of its docstring."""
    match getattr(node, "body", []):
        case [ast.Expr() as text, *_]:
            yield text, "x = 0"


KINDS: dict[str, Callable[[ast.stmt], Iterator[Edit]]] = {
    "constant": _constants,
    "operator": _operators,
    "comparison": _comparisons,
    "removal": _removals,
    "default": _defaults,
    "decorator": _decorators,
    "base class": _bases,
    "value": _values,
    "body": _empty_bodies,
}
