"""An archive from anyone, read so that it can do no harm: checked as it streams by, never more than it says.

A member is a file or a link that the manifest names, with the size and the digest that it gives; every one is
there, once. Nothing is written but files of the archive's store, below the folder that was asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from assay.archive import MANIFEST, STORE
from assay.archive.manifest import NAME_DIGITS, Manifest, digest, parse, require_inside
from assay.errors import UserError

_LARGEST_MANIFEST = 500_000_000
"""Bytes."""
_HEADERS = 2 * tarfile.RECORDSIZE
"""Bytes that may be read between the contents of two members: more than any path of a member takes."""
_CHUNK = 1 << 20
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError)
"""What Python's modules raise when an archive is not one."""


def unpack(archive: Path, target: Path, advance: Callable[[int], None]) -> tuple[str, Manifest]:
    """Check an archive, and put the files of its store into an empty folder.

    Args:
        archive: the file.
        target: the folder.
        advance: told of every byte of the file that was read.

    Returns:
        the folder that the archive unpacks to, and its manifest.

    Raises:
        UserError: it is no archive, or something in it is not as its manifest says, or could do harm.
    """
    with archive.open("rb") as raw:
        stream = _Limited(_Counted(raw, advance))
        try:
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                return _unpack(tar, stream, target)
        except UserError as error:
            raise UserError(f"{archive.name}: {error}") from error
        except _BROKEN as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise
            raise UserError(f"{archive.name}: is damaged, or is no archive of Assay: {error}") from error


def _unpack(tar: tarfile.TarFile, stream: _Limited, target: Path) -> tuple[str, Manifest]:
    members = iter(tar)
    root, manifest = _first(tar, stream, next(members, None))
    seen: set[str] = set()
    while (member := _next(members, stream)) is not None:
        if not member.name.startswith(f"{root}/"):
            raise UserError(f"{member.name!r} lies outside the archive's folder {root}")
        path = member.name.removeprefix(f"{root}/")
        _require_safe(member, path)
        if path in seen:
            raise UserError(f"{path}: stands twice in it")
        seen.add(path)
        if member.issym():
            if manifest.links.get(path) != member.linkname:
                raise UserError(f"{path}: is a link to {member.linkname!r}, and not so in {MANIFEST}")
            _filter(member, target)
            continue
        listed = manifest.files.get(path)
        if listed is None or listed.size != member.size:
            raise UserError(f"{path}: is not the file that {MANIFEST} says")
        _filter(member, target)
        stream.left = _HEADERS + member.size
        if _copy(tar, member, target / path if path.startswith(f"{STORE}/") else None) != listed.sha256:
            raise UserError(f"{path}: is damaged: its digest is not the one in {MANIFEST}")
    for path in (*manifest.files, *manifest.links):
        if path not in seen:
            raise UserError(f"is not complete: {path} is missing")
    return root, manifest


def _next(members: Iterator[tarfile.TarInfo], stream: _Limited) -> tarfile.TarInfo | None:
    """The next member, if its headers are no larger than those of a file."""
    stream.left = _HEADERS
    return next(members, None)


def _first(tar: tarfile.TarFile, stream: _Limited, member: tarfile.TarInfo | None) -> tuple[str, Manifest]:
    """The archive's folder and manifest, which its first member has."""
    root, _, name = member.name.partition("/") if member is not None else ("", "", "")
    named = re.fullmatch(rf"[^\0\\]+-([0-9a-f]{{{NAME_DIGITS}}})", root)
    if member is None or named is None or name != MANIFEST or not _is_plain(member):
        raise UserError(f"is no archive of Assay: it does not begin with its {MANIFEST}")
    if member.size > _LARGEST_MANIFEST:
        raise UserError(f"{MANIFEST}: is larger than any that `assay export` writes")
    stream.left = _HEADERS + member.size
    file = tar.extractfile(member)
    assert file is not None
    text = file.read()
    if not digest(text).startswith(named[1]):
        raise UserError(f"{MANIFEST}: is damaged: its digest is not the one in the folder's name, {root}")
    return root, parse(text)


def _require_safe(member: tarfile.TarInfo, path: str) -> None:
    """Refuse a member that is neither a file nor a link inside the archive."""
    require_inside(path)
    if not (_is_plain(member) or member.issym()):
        raise UserError(f"{path}: is neither a file nor a symbolic link")


def _filter(member: tarfile.TarInfo, target: Path) -> None:
    """Have Python refuse what it knows to be harmful, too."""
    if hasattr(tarfile, "data_filter"):  # from Python 3.11.4
        tarfile.data_filter(member, str(target))


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Whether a member is a file whose bytes stand in the archive one after another."""
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path | None) -> str:
    """Copy a member's bytes to a new file, or to nowhere, and return their digest."""
    source, total = tar.extractfile(member), hashlib.sha256()
    assert source is not None
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    with open(os.devnull if target is None else target, "wb" if target is None else "xb") as file:
        while data := source.read(_CHUNK):
            total.update(data)
            file.write(data)
        if target is not None:
            file.flush()
            os.fsync(file.fileno())
    return total.hexdigest()


class _Counted(io.RawIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], advance: Callable[[int], None]) -> None:
        self._file, self._advance = file, advance

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._advance(len(data))
        return data


class _Limited(io.RawIOBase):
    """What a compressed file unpacks to, as long as that is not more than it may be."""

    def __init__(self, file: io.RawIOBase) -> None:
        self._file = gzip.GzipFile(fileobj=file, mode="rb")
        self.left = _HEADERS

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, _CHUNK) if size >= 0 else _CHUNK)
        self.left -= len(data)
        if self.left < 0:
            raise UserError("unpacks to more than its members should have; nothing of it is used")
        return data
