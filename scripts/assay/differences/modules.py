"""Two closures compared: which modules differ, and how, from the copies that the store keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assay import closure, sources
from assay.differences import code
from assay.modules import read_source
from assay.syntax import source_digest


@dataclass(frozen=True)
class ModuleDifference:
    """How one module differs, or a data file of one."""

    name: str
    """`package.module`, or `package.module/file` for a data file."""
    old: str | None
    new: str | None
    """Digests; None where it is not reached."""
    changes: tuple[code.Change, ...] = ()
    """What differs; nothing for a data file, or where a source is missing."""
    no_copy: tuple[str, ...] = ()
    """`old`, `new`: the sides of which no source is left."""

    @property
    def is_data(self) -> bool:
        """Whether it is a data file."""
        return "/" in self.name


class Modules:
    """Compares modules, each pair of versions once.

    Args:
        store: where copies of code are kept.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._found: dict[tuple[str, str | None, str | None], ModuleDifference] = {}
        self._on_disk: dict[str, tuple[bytes, str] | None] = {}

    def compare(self, old: Mapping[str, str], new: Mapping[str, str]) -> tuple[ModuleDifference, ...]:
        """The modules that differ, in order.

        Args:
            old: name → digest, as a recipe has it.
            new: the same of the other.
        """
        names = closure.changed(old, new)
        return tuple(self._compare(name, old.get(name), new.get(name)) for name in names)

    def _compare(self, name: str, old: str | None, new: str | None) -> ModuleDifference:
        key = (name, old, new)
        if key not in self._found:
            self._found[key] = self._differing(name, old, new)
        return self._found[key]

    def _differing(self, name: str, old: str | None, new: str | None) -> ModuleDifference:
        if old is None or new is None or "/" in name:
            return ModuleDifference(name, old, new)
        found = {"old": self._source(name, old), "new": self._source(name, new)}
        if found["old"] is None or found["new"] is None:
            missing = tuple(side for side, source in found.items() if source is None)
            return ModuleDifference(name, old, new, no_copy=missing)
        return ModuleDifference(name, old, new, code.compare(found["old"], found["new"]))

    def _source(self, name: str, digest: str) -> bytes | None:
        """The source of a module with this digest: what lies on disk, or the copy, if it is not damaged."""
        if name not in self._on_disk:
            self._on_disk[name] = _on_disk(name)
        present = self._on_disk[name]
        if present and present[1] == digest:
            return present[0]
        path = sources.kept(self._store, digest)
        kept = path.read_bytes() if path.is_file() else None
        return kept if kept is not None and _digest(kept) == digest else None


def _on_disk(name: str) -> tuple[bytes, str] | None:
    """A module as it lies on disk now, and its digest."""
    file = closure.file_of(name)
    if file is None or not file.is_file():
        return None
    source = read_source(file)
    digest = _digest(source)
    return (source, digest) if digest else None


def _digest(source: bytes) -> str | None:
    try:
        return source_digest(source)
    except (SyntaxError, ValueError):
        return None
