"""Python modules as files: found where an import would find them, and parsed; or imported from there."""

from __future__ import annotations

import ast
import functools
import importlib
import os
import sys
import sysconfig
import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from assay import bytecode
from assay.errors import UserError


def import_roots() -> list[Path]:
    """Folders in which modules are looked for: sys.path, then the current one."""
    return list(_resolved((*filter(None, sys.path), os.getcwd())))


@functools.cache
def _resolved(entries: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(Path(entry).resolve() for entry in entries))


def find_module(name: str) -> Path | None:
    """The file of a module found on the import roots, without importing it or its parents.

    Python's built-in modules come before all files.
    """
    if name in sys.builtin_module_names:
        return None
    *packages, last = name.split(".")
    folders = import_roots()
    for package in packages:  # one with an `__init__.py` is the only one; else folders of that name are one
        inner = [folder / package for folder in folders]
        folders = next(([folder] for folder in inner if (folder / "__init__.py").is_file()), inner)
    for folder in folders:
        for file in (folder / last / "__init__.py", folder / f"{last}.py"):
            if file.is_file():
                return file
    return None


def import_module(name: str) -> ModuleType:
    """Import a module, also from the current folder."""
    root = str(Path.cwd())
    if root not in sys.path:
        sys.path.append(root)
    return importlib.import_module(name)


_decided: set[str] = set()


@contextmanager
def deciding() -> Iterator[None]:
    """Note the modules that are imported meanwhile: they decide a recipe, and are none of what a job uses."""
    before = set(sys.modules)
    try:
        yield
    finally:
        _decided.update(set(sys.modules) - before)


def imported_files(known: Set[str] = frozenset()) -> dict[str, str]:
    """Module → file of all that are imported, but for those that only decided a recipe, and known ones."""
    others = _decided | known
    modules = [(name, module) for name, module in list(sys.modules.items()) if name not in others]
    return {name: file for name, module in modules if (file := getattr(module, "__file__", None))}


_looking = threading.local()


@contextmanager
def looking() -> Iterator[None]:
    """What is opened meanwhile decides recipes, and no result."""
    _looking.now = True
    try:
        yield
    finally:
        _looking.now = False


def is_looking() -> bool:
    """Whether this thread is `looking`."""
    return getattr(_looking, "now", False)


def read_source(file: Path) -> bytes:
    """A module's source, to be looked at and not to be run."""
    with looking():
        source = file.read_bytes()
    bytecode.note(file, source, bytecode.hashed)
    return source


def parse_module(file: Path) -> ast.Module:
    """A module's syntax tree.

    Raises:
        UserError: it is not valid Python.
    """
    return parse(read_source(file), file)


def parse(source: bytes, file: Path) -> ast.Module:
    """The same, of the file's source."""
    try:
        return ast.parse(source, str(file))
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        text = error.msg if isinstance(error, SyntaxError) else error
        raise UserError(f"{file}{line}: is not valid Python: {text}") from error


def imported_module(node: ast.ImportFrom, module: str, is_package: bool = False) -> str:
    """The full name of the module that a `from` import names, relative ones resolved; may be empty.

    Args:
        node: the import.
        module: the module that it stands in.
        is_package: whether that is a package's `__init__.py`.
    """
    name = node.module or ""
    if not node.level:
        return name
    package = module.split(".") if is_package else module.split(".")[:-1]
    kept = package[: len(package) - (node.level - 1)]
    return ".".join([*kept, name] if name else kept)


@functools.cache
def _installed_folders() -> list[Path]:
    """The folders of Python's own modules and of installed packages."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    return [Path(sysconfig.get_path(kind)).resolve() for kind in kinds]


def is_installed(file: Path) -> bool:
    """Whether a file is part of Python or of an installed package."""
    if {"site-packages", "dist-packages"} & set(file.parts):
        return True
    resolved = file.resolve()
    return any(resolved.is_relative_to(folder) for folder in _installed_folders())
