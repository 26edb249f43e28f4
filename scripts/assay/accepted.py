"""The ledger of accepted code: `config/accepted.yaml`, committed with the project.

An entry says that one recipe gives the same bits under changed code as under the code that its results
were computed with, and has the evidence. It is part of what an address is: under the changed code, the
recipe keeps the address that it had. `assay accept` writes entries; nobody else should.

The variable ASSAY_ACCEPTED names another ledger: `assay accept` has the programs that it starts see the
entries that it would write.
"""

from __future__ import annotations

import fcntl
import functools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.errors import UserError
from assay.store import sync_folder, write_atomically
from assay.yamlfile import dump, read

LEDGER = Path(__file__).parents[2] / "config" / "accepted.yaml"
OTHER_LEDGER = "ASSAY_ACCEPTED"
HEADER = """\
# Code that was changed and gives the same bits: written by `assay accept`, part of every address it names.
# Each entry says that one recipe (the first half of its address), under the code `code`, has the address
# <recipe>-<same_as>, where its results lie; and what was computed anew and found equal.
# Commit it. An entry that is removed gives its recipe the address of the changed code: it is computed anew.
"""


@dataclass(frozen=True)
class Entry:
    """One recipe whose results stay where they are."""

    stage: str
    recipe: str
    """The first half of its address."""
    code: str
    """The second half that the changed code would give it."""
    same_as: str
    """The second half that it keeps."""
    accepted: str
    """The day, as 2026-11-21."""
    made_for: str
    """The study and variant that it was accepted for."""
    changed: list[str]
    """The modules that differ."""
    evidence: dict[str, Any]
    """What was computed anew and found equal, and where."""
    message: str = ""
    """What the author of the change says of it."""


def original(stage: str, recipe: str, code: str) -> str:
    """The second half of an address: that of the code as it is, or of the code that it is equivalent to."""
    return _index().get((stage, recipe, code), code)


def entries() -> list[Entry]:
    """The ledger.

    Raises:
        UserError: it is not what `assay accept` writes.
    """
    return list(_entries())


def add(new: Iterable[Entry]) -> None:
    """Write entries to the ledger, in place of those for the same recipe and code."""
    with _locked(ledger()):
        forget()  # another call may have written meanwhile
        _write(ledger(), new)
    forget()


@contextmanager
def supposing(new: Iterable[Entry], file: Path) -> Iterator[None]:
    """Take entries for written, here and in programs that are started meanwhile; the ledger stays as it is.

    Args:
        new: the entries.
        file: where a ledger with them is put, which those programs read.
    """
    _write(file, new)
    before = os.environ.get(OTHER_LEDGER)
    os.environ[OTHER_LEDGER] = str(file.resolve())
    forget()
    try:
        yield
    finally:
        if before is None:
            del os.environ[OTHER_LEDGER]
        else:
            os.environ[OTHER_LEDGER] = before
        forget()


def ledger() -> Path:
    """The file of the ledger."""
    return Path(os.environ.get(OTHER_LEDGER) or LEDGER)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Be the only one who reads the ledger and puts another in its place; wait for who is at it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with file.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if file.exists() and os.path.samestat(os.fstat(lock.fileno()), file.stat()):
                yield
                return  # else it was replaced while this waited


def _write(file: Path, new: Iterable[Entry]) -> None:
    """Write the ledger that entries make together with those that there are."""
    found = {(entry.stage, entry.recipe, entry.code): entry for entry in [*entries(), *new]}
    write_atomically(file, HEADER + dump({"accepted": [_plain(entry) for entry in found.values()]}))
    sync_folder(file.parent)


def _plain(entry: Entry) -> dict[str, Any]:
    """An entry as YAML has it: what is said of it stands before the evidence, and only if something is."""
    content = asdict(entry)
    evidence, message = content.pop("evidence"), content.pop("message")
    return content | ({"message": message} if message else {}) | {"evidence": evidence}


def forget() -> None:
    """Read the ledger anew from now on."""
    _entries.cache_clear()
    _index.cache_clear()


@functools.cache
def _index() -> dict[tuple[str, str, str], str]:
    return {(entry.stage, entry.recipe, entry.code): entry.same_as for entry in _entries()}


@functools.cache
def _entries() -> tuple[Entry, ...]:
    file = ledger()
    if not file.exists():
        return ()
    content = read(file).content
    found = content.get("accepted") if isinstance(content, dict) else content
    try:
        made = tuple(Entry(**item) for item in found or ())
    except TypeError as error:
        raise UserError(f"{file}: is not a ledger that `assay accept` has written: {error}") from error
    kept: dict[tuple[str, str, str], str] = {}
    for entry in made:
        key = (entry.stage, entry.recipe, entry.code)
        if not all(isinstance(text, str) for text in (*key, entry.same_as)):
            raise UserError(f"{file}: {entry.stage} {entry.recipe}: recipe, code and same_as must be text")
        if kept.setdefault(key, entry.same_as) != entry.same_as:
            raise UserError(
                f"{file}: {entry.stage} {entry.recipe}, code {entry.code}: is said to be the same as "
                f"{kept[key]} and as {entry.same_as}; leave the entry whose results you keep"
            )
    return made
