"""What a job reads: files of the project or the user that its address does not stand for are refused.

While a job computes, Python tells this module of every file that it opens, modules included. What is opened
for reading must be

- code of the recipe's closure, a file that it names in DATA_FILES, or a module that is declared not to
  influence a result (`assay.closure`);
- a result in the store, or a data file whose content is part of the recipe;
- what the job itself has written;
- Python's own, an installed package's or the system's: their versions are recorded.

Anything else could change a result without changing its address. Files that a library opens without Python
(HDF5 and Arrow in C) are not seen.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay import closure
from assay.errors import UserError
from assay.modules import import_roots, is_installed, is_looking

if TYPE_CHECKING:
    from assay.recipe import Recipe

_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64", "/bin", "/opt", "/run", "/var/lib")
_DECLARE_MODULE = 'the module that imports another by a computed name says so: IMPORTS = ("package.module",)'
_DECLARE_FILE = (
    'a module that reads a file beside it says so: DATA_FILES = ("name.txt",); '
    "a data set's setting for a file is annotated InputFile"
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class _Job:
    """What a job may open, and what it has opened."""

    allowed: list[Path]
    read: set[str]
    written: set[str] = field(default_factory=set)


_jobs: list[_Job] = []
"""The jobs that this process is at, each within the one before: only the last is told of files."""


@functools.cache
def _listen() -> None:
    """Have Python tell of what it does: once and for good, for there is no way to take a hook out."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Note a file that is opened; called by Python for all that it does."""
    if event != "open" or not _jobs or is_looking():
        return
    path, mode, flags = arguments
    if not isinstance(path, str | bytes | os.PathLike):
        return
    writes = bool(flags & _WRITING) if mode is None else any(letter in mode for letter in "wax+")
    (_jobs[-1].written if writes else _jobs[-1].read).add(os.path.abspath(os.fsdecode(path)))


@contextmanager
def watched(allowed: Iterable[Path] = (), imported: bool = True) -> Iterator[None]:
    """Watch what this process opens.

    Args:
        allowed: folders and files that the job is told to read: the store, a run, prepared data, data files.
        imported: count the modules that are imported already, as in a process that does nothing but this job.
    """
    _listen()
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    read = {os.path.abspath(file) for file in files if file} if imported else set()
    _jobs.append(_Job([path.resolve() for path in allowed], read))
    try:
        yield
    finally:
        _jobs.pop()


def require_declared(recipe: Recipe) -> None:
    """Refuse a result whose job has read, so far, what its address does not stand for.

    Raises:
        UserError: names the files and how to declare them.
    """
    if not _jobs:
        return
    job = _jobs[-1]
    read = set(map(_source, job.read))
    own = {path.resolve() for path in map(closure.file_of, recipe.code_now()) if path is not None}
    found = sorted(path for path in read if _is_undeclared(path, own, job))
    modules, files = [path for path in found if path.suffix == ".py"], [p for p in found if p.suffix != ".py"]
    if found:
        raise UserError(
            f"{recipe.stage} {recipe.address}: the job used what its address does not stand for: "
            f"{', '.join(map(str, modules + files))}. "
            + "; ".join([_DECLARE_MODULE] * bool(modules) + [_DECLARE_FILE] * bool(files))
        )


def _source(name: str) -> Path:
    """A file as its author knows it: the source of a compiled module."""
    if name.endswith(".pyc"):
        with suppress(ValueError):
            name = importlib.util.source_from_cache(name)
    return Path(name)


def _is_undeclared(path: Path, own: set[Path], job: _Job) -> bool:
    """Whether a file is the project's or the user's, and nothing says that it may be read."""
    resolved = path.resolve()
    return (
        resolved not in own
        and str(path) not in job.written
        and resolved.is_file()
        and not is_installed(resolved)
        and not _is_hidden(resolved)
        and not any(resolved.is_relative_to(folder) for folder in (*_system_folders(), *job.allowed))
        and not _is_not_followed(resolved)
    )


def _is_hidden(path: Path) -> bool:
    """Whether a file lies in a hidden folder of the current one or of the user's, such as a cache."""
    for root in (Path.cwd(), Path.home()):
        if path.is_relative_to(root):
            return any(part.startswith(".") for part in path.relative_to(root).parts)
    return False


def _system_folders() -> list[Path]:
    """Folders of the system and of Python."""
    return [*map(Path, _SYSTEM), Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve()]


def _is_not_followed(path: Path) -> bool:
    """Whether a file is a module that may not influence a result, or the program that was started."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main is not None and path == Path(main).resolve():
        return True
    if path.suffix != ".py":
        return False
    for root in import_roots():
        if path.is_relative_to(root):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if not closure.is_followed(name):
                return True
    return False
