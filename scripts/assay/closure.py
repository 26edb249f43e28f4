"""The code that a result depends on: modules followed through their imports, as syntax trees.

From the modules that a stage enters and the components that its recipe names, every import is
followed that leads to a file of this project or of the user: absolute and relative, at the top, in a
function or under a condition, with the `__init__.py` of each package on the way. Installed packages
are not followed: their versions are recorded by each run. Comments, docstrings, layout and imports
for type checkers make no difference. Files beside a module that it reads (a template, say) count with
it if it names them: `DATA_FILES = ("page.html",)`.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from assay.digest import file_digest
from assay.errors import UserError
from assay.modules import find_module, imported_module, is_installed, parse_module

ENTRIES = {
    "prepare": ("assay.data.prepare",),
    "train": ("assay.training.run",),
    "evaluate": ("assay.evaluation.run",),
    "aggregate": ("assay.results.aggregate",),
    "compare": ("assay.results.compare",),
    "report": ("assay.report.render",),
}
"""The module that each stage enters."""

NOT_FOLLOWED = (
    # what only decides the recipe
    "assay.canonical",
    "assay.closure",
    "assay.command",
    "assay.components",
    "assay.configuration",
    "assay.errors",
    "assay.loss_kinds",
    "assay.modules",
    "assay.plan",
    "assay.program",
    "assay.recipe",
    "assay.rule_files",
    "assay.single",
    "assay.settings",
    "assay.signature",
    "assay.study",
    "assay.yamlfile",
    # what only places files or watches a run
    "assay.environment",
    "assay.plots",
    "assay.portability",
    "assay.store",
    "assay.training.interrupt",
    "assay.training.resume",
    "assay.training.watch",
)
"""Modules (and everything below them) that may not influence a digest: an edit of one moves nothing."""

_SKIPPED = ("ctx", "kind", "type_comment", "type_ignores")
_TYPE_CHECKING = ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def closure(entries: Iterable[str]) -> dict[str, str]:
    """The modules that the entries reach, entries included: name → SHA-256 of the syntax tree.

    Raises:
        UserError: an entry has no file, or a file that is reached is not valid Python.
    """
    return dict(_closure(tuple(sorted(entries))))


def digest(modules: dict[str, str]) -> str:
    """SHA-256, as hex digits, of a closure."""
    lines = "".join(f"{name} {modules[name]}\n" for name in sorted(modules))
    return hashlib.sha256(lines.encode()).hexdigest()


def tree_digest(source: bytes, name: str = "<source>") -> str:
    """SHA-256 of a module's syntax tree without docstrings; equal on all versions of Python."""
    return _tree_digest(ast.parse(source, name))


def _tree_digest(tree: ast.Module) -> str:
    return hashlib.sha256(_dump(tree).encode()).hexdigest()


@functools.cache
def _closure(entries: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    waiting = [part for entry in entries for part in _with_parents(entry)]
    for entry in entries:
        if find_module(entry) is None:
            raise UserError(f"there is no module {entry!r}")
    while waiting:
        name = waiting.pop()
        file = _own_file(name)
        if name in found or file is None:
            continue
        found[name], imported = _module(file, name, file.name == "__init__.py")
        waiting.extend(imported)
    return tuple(sorted(found.items()))


@functools.cache
def _module(file: Path, name: str, is_package: bool) -> tuple[str, tuple[str, ...]]:
    """A module's digest and every name that it may import."""
    tree = parse_module(file)
    imported = tuple(
        part
        for full in _imports(tree, name, is_package)
        for found in (_submodules(full[:-2]) if full.endswith(".*") else [full])
        for part in _with_parents(found)
    )
    data = [(file.parent / name, name) for name in _data_files(tree)]
    if missing := [name for path, name in data if not path.is_file()]:
        raise UserError(f"{file}: DATA_FILES: there is no file {missing[0]!r} beside it")
    digests = [_tree_digest(tree), *(file_digest(path) for path, _ in data)]
    return hashlib.sha256("".join(digests).encode()).hexdigest() if data else digests[0], imported


def _data_files(tree: ast.Module) -> tuple[str, ...]:
    """The files that a module says it reads."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DATA_FILES":
            return tuple(ast.literal_eval(node.value))
    return ()


@functools.cache
def _own_file(name: str) -> Path | None:
    """The file of a module if it is the project's or the user's and is followed."""
    if any(name == module or name.startswith(f"{module}.") for module in NOT_FOLLOWED):
        return None
    file = find_module(name)
    return None if file is None or is_installed(file) else file


def _with_parents(name: str) -> list[str]:
    """`a.b.c` → `a`, `a.b`, `a.b.c`: importing the last runs all of them."""
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _submodules(package: str) -> list[str]:
    """A package and its modules, any of which `from package import *` may load."""
    file = find_module(package)
    if file is None or file.name != "__init__.py":
        return [package]
    modules = [path.stem for path in file.parent.glob("*.py") if path != file]
    packages = [path.parent.name for path in file.parent.glob("*/__init__.py")]
    return [package, *(f"{package}.{name}" for name in sorted(modules + packages))]


def _imports(tree: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """Names that the import statements of a module may load, submodules of `from` imports included."""
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = imported_module(node, module, is_package)
            if base:
                yield base
            yield from (".".join(filter(None, (base, alias.name))) for alias in node.names)


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in _TYPE_CHECKING:
            for branch in node.orelse:
                yield branch
                yield from _executed(branch)
            continue
        yield node
        yield from _executed(node)


def _dump(node: Any) -> str:
    """A syntax tree as text: node types and their non-empty fields, without positions."""
    if isinstance(node, list):
        return f"[{','.join(map(_dump, filter(_counts, node)))}]"
    if not isinstance(node, ast.AST):
        return f"{type(node).__name__}:{node!a}"
    if isinstance(node, ast.If) and ast.unparse(node.test) in _TYPE_CHECKING:
        return _dump(node.orelse)
    if isinstance(node, ast.JoinedStr):  # Python 3.12 adds empty texts to format specifications
        node = ast.JoinedStr([part for part in node.values if not _is_empty_text(part)])
    fields = [
        f"{name}={_dump(value)}"
        for name, value in ast.iter_fields(node)
        if name not in _SKIPPED and value is not None and value != []
    ]
    return f"{type(node).__name__}({','.join(fields)})"


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


def _counts(node: Any) -> bool:
    """False for docstrings and for imports for type checkers."""
    if isinstance(node, ast.If) and ast.unparse(node.test) in _TYPE_CHECKING:
        return bool(node.orelse)
    if isinstance(node, ast.Expr):
        return not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
    return True
