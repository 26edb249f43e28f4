"""The archive as a file: the same contents are the same bytes, whenever and wherever they are written."""

from __future__ import annotations

import filecmp
import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from assay.archive import MANIFEST
from assay.archive.contents import Contents, Entry
from assay.errors import UserError
from assay.store import named_errors

_LEVEL = 6
"""How hard it is compressed: part of the bytes."""
_FILE_MODE, _LINK_MODE = 0o644, 0o777


def write(path: Path, root: str, manifest: bytes, contents: Contents, advance: Callable[[int], None]) -> None:
    """Write an archive, whole or not at all.

    Args:
        path: the file.
        root: the folder that it unpacks to.
        manifest: content of `MANIFEST.json`, the first member.
        contents: the others.
        advance: told of every byte that was put in.

    Raises:
        UserError: the file exists and is another, or a file changed while it was read.
    """
    if path.exists() and _root(path) != root:
        raise UserError(f"{path}: exists and is another file; remove it or choose another name with --out")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with named_errors(path), part.open("wb") as raw:
            with (
                gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
            ):
                tar.addfile(_member(f"{root}/{MANIFEST}", len(manifest)), io.BytesIO(manifest))
                for name in sorted({*contents.files, *contents.links}):
                    _add(tar, f"{root}/{name}", contents.files.get(name), contents.links.get(name), advance)
            raw.flush()
            os.fsync(raw.fileno())
        if not path.exists():
            os.replace(part, path)
        elif not filecmp.cmp(part, path, shallow=False):
            raise UserError(
                f"{path}: exists, and is damaged or was packed by another version of zlib; remove it"
            )
    finally:
        part.unlink(missing_ok=True)


def _root(path: Path) -> str | None:
    """The folder that an archive unpacks to, None if it is no archive."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            first = tar.next()
            return first.name.split("/")[0] if first is not None else None
    except (tarfile.TarError, OSError, EOFError):
        return None


def _add(
    tar: tarfile.TarFile, name: str, entry: Entry | None, target: str | None, advance: Callable[[int], None]
) -> None:
    """Add a file, or a link to `target`."""
    if entry is None:
        link = _member(name, 0)
        link.type, link.mode, link.linkname = tarfile.SYMTYPE, _LINK_MODE, str(target)
        tar.addfile(link)
        return
    if isinstance(entry.source, bytes):
        tar.addfile(_member(name, entry.size), io.BytesIO(entry.source))
        return
    with named_errors(entry.source), entry.source.open("rb") as file:
        counted = _Counted(file, advance)
        try:
            tar.addfile(_member(name, entry.size), counted)
        except OSError as error:
            if error.errno is not None:
                raise
            raise UserError(f"{entry.source}: became shorter while it was exported") from error
        if counted.digest.hexdigest() != entry.digest or os.fstat(file.fileno()).st_size != entry.size:
            raise UserError(f"{entry.source}: changed while it was exported")


def _member(name: str, size: int) -> tarfile.TarInfo:
    """A member with nothing in it of the machine, the person and the time."""
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.type = size, _FILE_MODE, tarfile.REGTYPE
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


class _Counted(io.RawIOBase):
    """A file that is digested and counted as it is read."""

    def __init__(self, file: IO[bytes], advance: Callable[[int], None]) -> None:
        self._file, self._advance, self.digest = file, advance, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self._advance(len(data))
        return data
