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

import functools
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from assay import module_facts
from assay.digest import file_digest
from assay.errors import UserError
from assay.module_facts import facts
from assay.modules import find_module, is_installed

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
    "assay.module_facts",
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
    module_facts.save()
    return tuple(sorted(found.items()))


@functools.cache
def _module(file: Path, name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The digests of a module and of the files that it reads, and every name that it may import."""
    said = facts(file, name)
    imported = tuple(
        part
        for full in (*said.imported, *said.modules)
        for found in (_submodules(full[:-2]) if full.endswith(".*") else [full])
        for part in _with_parents(found)
    )
    digests = {name: said.digest}
    for beside in said.files:
        path = file.parent / beside
        if not path.is_file():
            raise UserError(f"{file}: DATA_FILES: there is no file {beside!r} beside it")
        digests[f"{name}/{beside}"] = file_digest(path)
    if missing := [full for full in said.modules if find_module(full) is None]:
        raise UserError(f"{file}: IMPORTS: there is no module {missing[0]!r}")
    return digests, imported


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
