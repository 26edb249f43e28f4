"""The ledger of accepted code: `config/accepted.yaml`, committed with the project.

An entry says that one recipe gives the same bits under changed code as under the code that its results
were computed with, and has the evidence. It is part of what an address is: under the changed code, the
recipe keeps the address that it had. `assay accept` writes entries; nobody else should.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.errors import UserError
from assay.store import write_atomically
from assay.yamlfile import dump, read

LEDGER = Path(__file__).parents[2] / "config" / "accepted.yaml"
HEADER = """\
# Code that was changed and gives the same bits: written by `assay accept`, part of every address it names.
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
    found = {(entry.stage, entry.recipe, entry.code): entry for entry in [*entries(), *new]}
    text = dump({"accepted": [asdict(entry) for entry in found.values()]})
    write_atomically(LEDGER, HEADER + text)
    forget()


def forget() -> None:
    """Read the ledger anew from now on."""
    _entries.cache_clear()
    _index.cache_clear()


@functools.cache
def _index() -> dict[tuple[str, str, str], str]:
    return {(entry.stage, entry.recipe, entry.code): entry.same_as for entry in _entries()}


@functools.cache
def _entries() -> tuple[Entry, ...]:
    if not LEDGER.exists():
        return ()
    content = read(LEDGER).content
    found = content.get("accepted") if isinstance(content, dict) else None
    try:
        return tuple(Entry(**item) for item in found or ())
    except TypeError as error:
        raise UserError(f"{LEDGER}: is not a ledger that `assay accept` has written: {error}") from error
