"""The code that results were computed with, kept in the store: <store>/code/<digest>.

A recipe names the digest of every module that it reaches; here the module's source is found again when the
file on disk is another one: to say what changed (`assay why`, `assay diff`), and to take it along
(`assay export`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assay import closure
from assay.digest import file_digest
from assay.store import sync_folder, write_atomically
from assay.syntax import source_digest


def keep(store: Path, code: Mapping[str, str]) -> None:
    """Keep a copy of every module of a closure that lies on disk as its digest says.

    Args:
        store: where results lie.
        code: name → digest, as `assay.closure.closure` has it.
    """
    is_new = False
    for name, digest in code.items():
        path = kept(store, digest)
        if path.exists():
            continue
        file = closure.file_of(name)
        if file is None or not file.is_file():
            continue
        source = file.read_bytes()
        found = file_digest(file) if "/" in name else source_digest(source, str(file))
        if found == digest:
            write_atomically(path, source)
            is_new = True
    if is_new:
        sync_folder(store / "code")


def kept(store: Path, digest: str) -> Path:
    """Where the copy of a module with this digest lies, if there is one."""
    return store / "code" / digest


def is_own_copy(path: Path) -> bool | None:
    """Whether a kept copy of a module or data file has the digest that it is named after.

    None if this Python cannot read the module: it may be written for a newer one.
    """
    if file_digest(path) == path.name:
        return True
    try:
        return source_digest(path.read_bytes()) == path.name
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def read(store: Path, digest: str) -> bytes | None:
    """A module or a data file with this digest, as it was first seen; None if no copy was kept."""
    path = kept(store, digest)
    return path.read_bytes() if path.is_file() else None
