"""The code that a result depends on: modules followed through their imports, as syntax trees.

From the modules that a stage enters and the components that its recipe names, every import is
followed that leads to a file of this project or of the user: absolute and relative, at the top, in a
function or under a condition, with the `__init__.py` of each package on the way. Installed packages
are not followed: their versions are recorded by each run. Comments, layout, imports for type checkers and
docstrings (unless the module says `__doc__`) make no difference.

What cannot be read from import statements, a module declares:

    IMPORTS = ("package.module",)   modules that it imports by a computed name
    DATA_FILES = ("page.html",)     files beside it that it reads

`assay.reads` refuses the receipt of a job that used anything else.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from assay.digest import file_digest
from assay.errors import UserError
from assay.modules import find_module, imported_module, is_installed, parse_module
from assay.syntax import TYPE_CHECKING, tree_digest

ENTRIES = {
    "prepare": ("assay.data.prepare",),
    "train": ("assay.training.run",),
    "evaluate": ("assay.evaluation.run",),
    "aggregate": ("assay.results.aggregate",),
    "compare": ("assay.receipt", "assay.results.compare"),
    "report": ("assay.report.render",),
}
"""The modules that each stage enters."""

NOT_FOLLOWED = (
    # what only decides the recipe
    "assay.accepted",
    "assay.bytecode",
    "assay.canonical",
    "assay.closure",
    "assay.cohorts",
    "assay.command",
    "assay.commands",
    "assay.components",
    "assay.configuration",
    "assay.errors",
    "assay.jobs",
    "assay.looks",
    "assay.loss_kinds",
    "assay.modules",
    "assay.plain_recipes",
    "assay.plan",
    "assay.program",
    "assay.recipe",
    "assay.rule_files",
    "assay.single",
    "assay.settings",
    "assay.signature",
    "assay.study",
    "assay.syntax",
    "assay.yamlfile",
    # what only places files or watches a run
    "assay.environment",
    "assay.finished",
    "assay.places",
    "assay.plots",
    "assay.portability",
    "assay.reads",
    "assay.sources",
    "assay.store",
    "assay.training.interrupt",
    "assay.training.resume",
    "assay.training.watch",
)
"""Modules (and everything below them) that may not influence a digest: an edit of one moves nothing."""

_EXAMPLES = {"IMPORTS": "package.module", "DATA_FILES": "page.html"}
_IMPORTERS = ("importlib.import_module", "import_module", "__import__")
"""Functions whose first argument, where it is a text in the source, is an import."""


def closure(entries: Iterable[str]) -> dict[str, str]:
    """The modules that the entries reach, entries included, and the files that they read.

    Returns:
        `package.module` → SHA-256 of its syntax tree; `package.module/page.html` → SHA-256 of that file.

    Raises:
        UserError: an entry has no file, or a file that is reached is not valid Python.
    """
    return dict(_closure(tuple(sorted(entries))))


def digest(modules: dict[str, str]) -> str:
    """SHA-256, as hex digits, of a closure."""
    return _digest(tuple(sorted(modules.items())))


@functools.lru_cache(1000)
def _digest(modules: tuple[tuple[str, str], ...]) -> str:
    lines = "".join(f"{name} {digest}\n" for name, digest in modules)
    return hashlib.sha256(lines.encode()).hexdigest()


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names in two closures whose digests differ, or that only one has."""
    return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))


def file_of(name: str) -> Path | None:
    """The file of a name in a closure, as it lies on disk now."""
    module, _, beside = name.partition("/")
    file = find_module(module)
    return file.parent / beside if file is not None and beside else file


def is_followed(module: str) -> bool:
    """Whether a module's code is part of what reaches it."""
    return not any(module == name or module.startswith(f"{name}.") for name in NOT_FOLLOWED)


def forget() -> None:
    """Read every module anew from now on: called where a plan begins, so that one plan sees one state."""
    for cached in (_closure, _module, _own_file):
        cached.cache_clear()


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
        digests, imported = _module(file, name)
        found.update(digests)
        waiting.extend(imported)
    return tuple(sorted(found.items()))


@functools.cache
def _module(file: Path, name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The digests of a module and of the files that it reads, and every name that it may import."""
    tree = parse_module(file)
    imported = tuple(
        part
        for full in (*_imports(tree, name, file.name == "__init__.py"), *_declared(tree, "IMPORTS", file))
        for found in (_submodules(full[:-2]) if full.endswith(".*") else [full])
        for part in _with_parents(found)
    )
    digests = {name: tree_digest(tree)}
    for beside in _declared(tree, "DATA_FILES", file):
        path = file.parent / beside
        if not path.is_file():
            raise UserError(f"{file}: DATA_FILES: there is no file {beside!r} beside it")
        digests[f"{name}/{beside}"] = file_digest(path)
    if missing := [full for full in _declared(tree, "IMPORTS", file) if find_module(full) is None]:
        raise UserError(f"{file}: IMPORTS: there is no module {missing[0]!r}")
    return digests, imported


def _declared(tree: ast.Module, constant: str, file: Path) -> tuple[str, ...]:
    """What a module says in one of its constants, IMPORTS or DATA_FILES.

    Raises:
        UserError: it does not say it in so many words.
    """
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if value is not None and any(isinstance(t, ast.Name) and t.id == constant for t in targets):
            with suppress(ValueError):
                found = ast.literal_eval(value)
                if isinstance(found, list | tuple) and all(isinstance(name, str) for name in found):
                    return tuple(found)
            like = _EXAMPLES[constant]
            raise UserError(f'{file}: {constant}: must be names in so many words, such as ("{like}",)')
    return ()


@functools.cache
def _own_file(name: str) -> Path | None:
    """The file of a module if it is the project's or the user's and is followed."""
    file = find_module(name) if is_followed(name) else None
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
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _IMPORTERS:
            match node.args:
                case [ast.Constant(value=str(name)), *_] if not name.startswith("."):
                    yield name
                case [ast.Constant(value=str(name)), ast.Constant(value=str(package)), *_]:
                    yield _relative(name, package, True)
                case [ast.Constant(value=str(name)), *_]:  # to `__package__`, or it would not be read here
                    yield _relative(name, module, is_package)


def _relative(name: str, module: str, is_package: bool) -> str:
    """The full name of `..name`, as `import_module` takes it."""
    bare = name.lstrip(".")
    return imported_module(ast.ImportFrom(bare, [], len(name) - len(bare)), module, is_package)


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in TYPE_CHECKING:
            for branch in node.orelse:
                yield branch
                yield from _executed(branch)
            continue
        yield node
        yield from _executed(node)
