"""What a job reads: files of the project or the user that its address does not stand for are refused.

While a job computes, Python tells this module of every file that it opens, modules included. What is opened
for reading must be

- code of the recipe's closure, a file that it names in DATA_FILES, or a module that is declared not to
  influence a result (`assay.closure`);
- a result in the store, or a data file whose content is part of the recipe;
- what the job itself has written;
- Python's own, an installed package's, the system's, or kept by one of them in a hidden folder.

Anything else could change a result without changing its address. Not seen are files that a library opens
without Python (HDF5 and Arrow in C), those that other processes open, and which names a folder lists. Where
`scripts/train.py` prepares the data itself, modules that were imported before that (by a data set's `check`,
by the run) are not seen, either; the workflow prepares data in a process of its own, where they are.
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

from assay import bytecode, closure
from assay.errors import UserError
from assay.modules import import_roots, imported_files, is_installed, is_looking

if TYPE_CHECKING:
    from assay.recipe import Recipe

_SYSTEM = (
    *("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64", "/bin", "/opt", "/run", "/var/lib"),
    *("/System", "/Library", "/nix"),
)
_CACHES = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "KERAS_HOME")
"""Variables that name the folders of libraries which are hidden ones unless they are set."""
_SITE = ("sitecustomize.py", "usercustomize.py")
"""What Python itself imports before any program: part of how it is installed."""
_DECLARE_MODULE = (
    'the module that imports another by a computed name says so: IMPORTS = ("package.module",), '
    "and the other is found in this folder or on PYTHONPATH"
)
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
    settled: set[str] = field(default_factory=set)
    """Of what is read, that which was found to be allowed."""

    def opened(self, path: str, mode: str, flags: int) -> None:
        """Note a file that is opened: what it held before may be read, unless the job put it there."""
        writes = flags & _WRITING or any(letter in mode for letter in "wax+")
        if writes and (flags & os.O_TRUNC or "w" in mode or not os.path.lexists(path)):
            self.written.add(path)
        elif path not in self.written and (not writes or flags & os.O_RDWR or "+" in mode):
            self.read.add(path)


_jobs: list[_Job] = []
"""The jobs that this process is at, each within the one before: only the last is told of files."""


@functools.cache
def _listen() -> None:
    """Have Python tell of what it does: once and for good, for there is no way to take a hook out."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Note a file that is opened; called by Python for all that it does."""
    if event not in _EVENTS or not _jobs or is_looking():
        return
    job, at = _jobs[-1], _EVENTS[event]
    if not isinstance(arguments[at], str | bytes | os.PathLike):
        return
    path = os.path.abspath(os.fsdecode(arguments[at]))
    if event == "open":
        job.opened(path, arguments[1] or "", arguments[2])
    elif event != "os.rename":
        job.read.add(path)
    elif os.path.abspath(os.fsdecode(arguments[0])) in job.written:
        job.written.add(path)


_EVENTS = {"open": 0, "import": 1, "ctypes.dlopen": 0, "sqlite3.connect": 0, "os.rename": 1}
"""Events that tell of a file, and which of their arguments names it."""


@contextmanager
def watched(allowed: Iterable[Path] = (), imported: bool = True) -> Iterator[None]:
    """Watch what this process opens.

    Args:
        allowed: folders and files that the job is told to read: the store, a run, prepared data, data files.
        imported: count the modules that are imported already, as in a process that does nothing but this job.
    """
    _listen()
    read = set(map(os.path.abspath, imported_files(_installed).values())) if imported else set()
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
    job, places = _jobs[-1], _places()
    own = _files(recipe)
    if edited := sorted(path for path in map(str, own) if bytecode.is_other(path)):
        raise UserError(
            f"{recipe.stage} {recipe.address}: {', '.join(edited)}: was edited after the address was made "
            "and before it was imported; what was computed is not what the address stands for. Start again"
        )
    read = job.read - job.settled
    sources = {Path(name) for name in map(_source, read) if places.is_users(name)}
    declared = own | _programs()
    found = sorted(p for p in sources - declared if _is_undeclared(p.resolve(), declared, job, places))
    modules, files = [path for path in found if path.suffix == ".py"], [p for p in found if p.suffix != ".py"]
    if found:
        raise UserError(
            f"{recipe.stage} {recipe.address}: the job used what its address does not stand for: "
            f"{', '.join(map(str, modules + files))}. "
            + "; ".join([_DECLARE_MODULE] * bool(modules) + [_DECLARE_FILE] * bool(files))
        )
    job.settled |= set(filter(os.path.exists, read))  # what is not there yet may come


def look_ahead(recipes: Iterable[Recipe]) -> None:
    """Find out whose the files are, once for all jobs that are forked from this process."""
    places = _places()
    for name, file in imported_files().items():
        if not places.is_users(os.path.abspath(file)):
            _installed.add(name)
    for recipe in recipes:
        _files(recipe)


_installed: set[str] = set()
"""Modules that `look_ahead` found to be the environment's: a job need not answer for them."""


def _files(recipe: Recipe) -> set[Path]:
    """The files of a recipe's code, links followed."""
    roots = tuple(import_roots())
    return {file for name in recipe.code_now() if (file := _file(name, roots)) is not None}


@functools.cache
def _file(name: str, roots: tuple[Path, ...]) -> Path | None:
    """The file of a name in a closure, as the import roots have it."""
    file = closure.file_of(name)
    return None if file is None else file.resolve()


def _source(name: str) -> str:
    """A file as its author knows it: the source of a compiled module."""
    if name.endswith(".pyc"):
        with suppress(ValueError):
            return importlib.util.source_from_cache(name)
    return name


def _is_undeclared(path: Path, declared: set[Path], job: _Job, places: _Places) -> bool:
    """Whether a file is the project's or the user's, and nothing says that it may be read."""
    return (
        path not in declared
        and path.is_file()
        and not any(path.is_relative_to(folder) for folder in job.allowed)
        and not places.is_environment(str(path.parent))
        and not places.is_hidden(path)
        and not _is_not_followed(path)
        and path.name not in _SITE
    )


@dataclass(frozen=True)
class _Places:
    """Whose the folders of this machine are; what was found out is kept, for a job asks again."""

    users: tuple[Path, ...]
    """The project, and those that hold the user's other modules."""
    others: tuple[Path, ...]
    """Python's, the system's and those that libraries keep."""
    environment: dict[str, bool] = field(default_factory=dict)
    """Folder → whether it is the environment's."""

    def is_users(self, name: str) -> bool:
        """Whether a file is a link, or lies outside of what Python, the system and packages hold."""
        return not self.is_environment(os.path.dirname(name)) or os.path.islink(name)

    def is_environment(self, folder: str) -> bool:
        """Whether a folder's files are Python's, an installed package's or the system's.

        A project in /opt or /usr/src is none of the system's, and its .venv is none of the project's.
        """
        if folder not in self.environment:
            self.environment[folder] = self._is_environment(Path(folder).resolve())
        return self.environment[folder]

    def _is_environment(self, path: Path) -> bool:
        if is_installed(path):
            return True
        own = [root for root in self.users if path.is_relative_to(root)]
        return any(
            path.is_relative_to(root) and not any(user.is_relative_to(root) for user in own)
            for root in self.others
        )

    def is_hidden(self, path: Path) -> bool:
        """Whether a file lies in a hidden folder of the project's, such as a cache, or is hidden at home."""
        roots = [root for root in self.users if path.is_relative_to(root)]
        home = Path(os.path.expanduser("~")).resolve()
        if not roots and path.is_relative_to(home):
            return any(part.startswith(".") for part in path.relative_to(home).parts)
        folder = path.parent
        hidden = [any(part.startswith(".") for part in folder.relative_to(root).parts) for root in roots]
        return bool(hidden) and all(hidden)


def _places() -> _Places:
    kept = [os.environ[name] for name in _CACHES if os.environ.get(name)]
    return _known_places(os.getcwd(), tuple(import_roots()), (*_SYSTEM, sys.base_prefix, sys.prefix, *kept))


@functools.cache
def _known_places(working: str, roots: tuple[Path, ...], others: tuple[str, ...]) -> _Places:
    users = (Path(working).resolve(), *(root for root in roots if not is_installed(root)))
    return _Places(users, tuple(sorted({Path(other).resolve() for other in others})))


def _programs() -> set[Path]:
    """The program that is run, and the one whose process was forked to run it."""
    # multiprocessing, which torch imports, keeps the program that was forked under the second name
    mains = [sys.modules.get(name) for name in ("__main__", "__mp_main__")]
    return {Path(file).resolve() for main in mains if (file := getattr(main, "__file__", None))}


def _is_not_followed(path: Path) -> bool:
    """Whether a file is a module that may not influence a result."""
    if path.suffix != ".py":
        return False
    for root in import_roots():
        if path.is_relative_to(root):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if not closure.is_followed(name):
                return True
    return False
