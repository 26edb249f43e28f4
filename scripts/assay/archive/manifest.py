"""`MANIFEST.json`: what an archive holds, and what was left out of it."""

from __future__ import annotations

import hashlib
import json
import posixpath
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from assay.archive import MANIFEST
from assay.errors import UserError
from assay.jsonfile import to_json
from assay.places import Place, place_of
from assay.settings.base import Strict

SCHEMA = 1
NAME_DIGITS = 12
"""How many digits of the manifest's digest the archive's name has."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class File(Strict):
    """A file's content."""

    size: Annotated[int, Field(ge=0)]
    sha256: Digest


class DataFile(Strict):
    """A file of the user's that data were prepared from."""

    sha256: Digest
    included: bool


class Manifest(Strict):
    """All of `MANIFEST.json`."""

    schema_version: int
    exported: dict[str, Any]
    """`study` and the overrides that it was exported under; or `run`, and what it was made for."""
    results: list[str]
    """The results, by their folders in the store, each after those that it was made from."""
    missing: list[str]
    """What the study needs and was not there (`--partial`)."""
    left_out: dict[str, dict[str, str]]
    """Prepared data that are not in the archive (`--without-data`): folder → file → digest."""
    data_files: dict[str, DataFile]
    """Files that data were prepared from, by their paths below the data folder."""
    lock: Digest | None
    """SHA-256 of `envs/requirements.lock`."""
    computed_with: dict[str, list[str]]
    """Versions of Python and PyTorch and devices, as the runs recorded them."""
    files: dict[str, File]
    links: dict[str, str]

    def text(self) -> str:
        """The file's text."""
        return to_json(self.model_dump(mode="json"))

    @property
    def found(self) -> list[Place]:
        """The results, as places in a store."""
        return [result_at(path) for path in self.results]


def digest(text: bytes) -> str:
    """SHA-256 of a manifest; its beginning is part of the archive's name."""
    return hashlib.sha256(text).hexdigest()


def result_at(path: str) -> Place:
    """The place whose folder a path below the store is.

    Raises:
        UserError: no result can lie there.
    """
    place = place_of(Path(), Path(path))
    if place is None or place.path != path:
        raise UserError(f"{MANIFEST}: results: {path!r} is no place of a result")
    return place


def parse(text: bytes) -> Manifest:
    """The manifest of an archive that anyone may have made.

    Raises:
        UserError: it is not what `assay export` writes, or a newer version of Assay wrote it.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{MANIFEST}: is not valid JSON: {error}") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        raise UserError(f"{MANIFEST}: schema_version: {version} is of a newer Assay; this one reads {SCHEMA}")
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise UserError(f"{MANIFEST}: {key}: {first['msg'].lower()}") from error
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    """Refuse paths that could lead out of the folder that an archive is unpacked to."""
    for path in (*manifest.files, *manifest.links):
        require_inside(path)
        above = path.split("/")
        for depth in range(1, len(above)):
            if "/".join(above[:depth]) in manifest.links.keys() | manifest.files.keys():
                raise UserError(f"{MANIFEST}: {path!r} lies below a link or a file")
    for path, target in manifest.links.items():
        if path in manifest.files:
            raise UserError(f"{MANIFEST}: {path!r} is both a file and a link")
        end = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if posixpath.isabs(target) or end == ".." or end.startswith("../") or "\0" in target:
            raise UserError(f"{MANIFEST}: links: {path!r} leads out of the archive, to {target!r}")
    for path in (*manifest.results, *manifest.left_out):
        result_at(path)


def require_inside(path: str) -> None:
    """Refuse a path that is not plainly one below the folder it starts from.

    Raises:
        UserError: it is absolute, has `..`, or is not in its simplest form.
    """
    plain = path and posixpath.normpath(path) == path and not path.startswith(("/", "../"))
    if not plain or path in (".", "..") or "\0" in path or "\\" in path:
        raise UserError(f"{path!r} is not a path inside the archive")
