"""What results are made with: the ledger, the index of data files, the environment against its lock."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from functools import partial
from importlib import metadata
from pathlib import Path

from assay import accepted
from assay.digest import file_digest
from assay.doctor.finding import Finding, Looked
from assay.errors import UserError

LOCK = Path("envs/requirements.lock")
PROJECT = Path("pyproject.toml")
INDEX = ".file-digests.json"
"""See `assay.study.files`."""
_SHOWN = 10


def ledger_finding() -> Iterator[Finding]:
    """Whether the ledger of accepted code can be read: it is part of every address."""
    accepted.forget()
    file = accepted.ledger()
    try:
        accepted.entries()
    except UserError as error:
        text = str(error).removeprefix(f"{file}").removeprefix(": ")
        yield Finding(file, f"{text}; put it back as it was committed: git checkout {file}")


def index_finding(store: Path, looked: Looked) -> Iterator[Finding]:
    """Whether the index of data files' digests is whole, and right of all files that are as it knew them."""
    path = store / INDEX
    if not path.exists():
        return
    looked.at(path)
    problem = _index_problem(path, looked)
    if problem:
        would = "remove it; the next call reads the data files again"
        done = "removed; the next call reads the data files again"
        yield Finding(path, problem, would, done, partial(_remove, path))


def _index_problem(path: Path, looked: Looked) -> str | None:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return "cannot be read"
    if not isinstance(known, dict):
        return "is not a mapping of files to digests"
    for key, digest in known.items():
        found = re.fullmatch(r"(.+) ([0-9]+) ([0-9]+)", key, re.DOTALL)
        if not (found and isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest)):
            return f"{key!r}: is not a file, its size and its time, with its SHA-256"
        file = Path(found[1])
        try:
            state = file.stat()
            is_known = (state.st_size, state.st_mtime_ns) == (int(found[2]), int(found[3]))
            if is_known:
                looked.at(file)
                if file_digest(file) != digest:
                    return f"{file}: its SHA-256 is another one"
        except OSError:
            continue
    return None


def _remove(path: Path) -> bool:
    path.unlink(missing_ok=True)
    return True


def environment_finding(lock: Path = LOCK) -> Iterator[Finding]:
    """Whether what is installed is what the lock names."""
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        yield Finding(lock, f"cannot be read: {error.strerror}; nothing says what should be installed")
        return
    wrong = []
    for found in filter(None, (re.fullmatch(r"([\w.-]+)==([^\s;]+)", line.strip()) for line in lines)):
        name, wanted = found.groups()
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} is not installed ({wanted})")
            continue
        if installed.partition("+")[0] != wanted.partition("+")[0]:  # a build's name is the machine's choice
            wrong.append(f"{name} is {installed}, not {wanted}")
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        command = f"{sys.executable} -m pip install --requirement {lock}"
        yield Finding(lock, f"the environment differs: {', '.join(wrong[:_SHOWN])}{more}; run {command}")


def python_finding(
    project: Path = PROJECT, version: tuple[int, ...] = sys.version_info[:3]
) -> Iterator[Finding]:
    """Whether this Python is one that the project is for."""
    text = project.read_text(encoding="utf-8") if project.is_file() else ""
    found = re.search(r'^requires-python = ">=([0-9.]+)"', text, re.MULTILINE)
    if found and version < tuple(map(int, found[1].split("."))):
        text = f"needs Python {found[1]} or newer; this is {'.'.join(map(str, version))}"
        yield Finding(project, f"{text}. Make the environment anew")
