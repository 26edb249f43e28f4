"""What goes into an archive: files by their paths in it, and links."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from assay.archive.manifest import File, require_inside
from assay.digest import file_digest
from assay.errors import UserError


@dataclass(frozen=True)
class Entry:
    """One file: where its content is, and what it must be."""

    source: Path | bytes
    size: int
    digest: str


def of_file(path: Path) -> Entry:
    """A file as it lies on disk now."""
    return Entry(path, path.stat().st_size, file_digest(path))


def of_text(content: str | bytes) -> Entry:
    """A file that is made for the archive."""
    data = content.encode() if isinstance(content, str) else content
    return Entry(data, len(data), hashlib.sha256(data).hexdigest())


@dataclass
class Contents:
    """Files and links, by their paths below the archive's folder."""

    files: dict[str, Entry] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, entry: Entry) -> None:
        """Add a file.

        Raises:
            UserError: another file has this place, or the path leads elsewhere.
        """
        require_inside(path)
        before = self.files.setdefault(path, entry)
        if before.digest != entry.digest or path in self.links:
            raise UserError(f"{path}: two different files would have this place in the archive")

    def sources(self) -> set[Path]:
        """The files on disk that are in the archive."""
        return {entry.source.resolve() for entry in self.files.values() if isinstance(entry.source, Path)}

    def listed(self) -> dict[str, File]:
        """The files as the manifest lists them, in order."""
        return {path: File(size=e.size, sha256=e.digest) for path, e in sorted(self.files.items())}
