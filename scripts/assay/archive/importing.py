"""Import: the results of an archive, put into this project's store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assay.archive import STORE, into_store
from assay.archive.manifest import Manifest
from assay.archive.progress import Tell, shares
from assay.archive.reach import unreached
from assay.archive.unpack import unpack
from assay.errors import UserError
from assay.finished import is_finished
from assay.places import Place
from assay.replay.temporary import temporary_store


@dataclass(frozen=True)
class Imported:
    """What became of an archive's results."""

    root: str
    """The folder that the archive unpacks to."""
    manifest: Manifest
    new: list[Place]
    there: list[Place]
    other_reports: list[str]
    """Reports that were there, and tell of runs that were computed elsewhere."""
    unreached: Mapping[str, str]
    """Address → why this project's code does not lead to it."""


def import_archive(archive: Path, store: Path, tell: Tell, dry_run: bool = False) -> Imported:
    """Put the results of an archive into a store, or only find out what that would do.

    Raises:
        UserError: the archive is not sound; or the store has a result of the same address with other bits.
    """
    with temporary_store(store) as place:
        folder = place / "archive"
        root, manifest = unpack(archive, folder, shares(tell, "unpacking", archive.stat().st_size))
        with _named(archive):
            into_store.check(folder, manifest)
        differences, reports = into_store.compare(folder, manifest, store)
        if differences:
            raise UserError(
                "\n".join([f"{archive.name}: nothing is imported, because of what is here:", *differences])
            )
        if dry_run:
            there = [result for result in manifest.found if is_finished(store / result.path)]
            new = [result for result in manifest.found if result not in there]
            moved = unreached(folder / STORE, manifest.found)
        else:
            new, there = into_store.put(folder, manifest, store)
            moved = unreached(store, manifest.found)
    return Imported(root, manifest, new, there, reports, moved)


@contextmanager
def _named(archive: Path) -> Iterator[None]:
    """Name the archive in what is said of it, whatever its seals and receipts are made of."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{archive.name}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{archive.name}: has a seal or a receipt that is none: {error!r}") from error
