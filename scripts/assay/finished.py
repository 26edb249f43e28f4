"""Finished results: sealed when they are finished, found again, read only as they were written.

receipt.json   what the result is; the output that Snakemake knows, and deletes when it starts a job
seal.json      the receipt once more, and SHA-256 of every file's bytes; its last key is its own digest

A result whose receipt alone is gone is finished: the receipt is put back from the seal. So two calls of the
workflow that planned the same result share it, whichever comes first.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from assay.digest import file_digest
from assay.errors import UserError
from assay.jsonfile import to_json
from assay.store import FAILURE, RECEIPT, RESUME, RESUME_BEFORE, remove_parts, sync_folder, write_atomically

log = logging.getLogger("assay.finished")

SEAL = "seal.json"
CERTIFICATE = "certificate.json"
_NOT_SEALED = (RECEIPT, SEAL, CERTIFICATE, FAILURE, RESUME, RESUME_BEFORE)
_JOB_LOGS = ("error.log", "evaluate.log", "aggregate.log", "compare.log", "report.log")
"""What a job says while it runs, also one that finds the result finished."""

FOREIGN = "is no file of this result"
AGAIN = "`assay doctor --fix` removes what is damaged, and the workflow makes it again"


def finish(folder: Path, text: str) -> None:
    """Seal a folder, with all its files, and put the receipt with this text in it."""
    files = {name: file_digest(folder / name) for name in sealed_files(folder)}
    files[RECEIPT] = hashlib.sha256(text.encode()).hexdigest()
    content = {"receipt": json.loads(text), "files": dict(sorted(files.items()))}
    put_seal(folder, files, to_json(content | {"seal": _digest(content)}), text)


def put_seal(folder: Path, files: Iterable[str], seal: str | bytes, receipt: str | bytes) -> None:
    """Say that a result is finished, once its files and its recipe would survive a power cut."""
    for part in {folder.parent, folder, *((folder / name).parent for name in files)}:
        sync_folder(part)
    write_atomically(folder / SEAL, seal)
    write_atomically(folder / RECEIPT, receipt)
    sync_folder(folder)


def sealed_files(folder: Path) -> Iterator[str]:
    """The files of a result that its seal covers, beside the receipt, by their paths below the folder."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if path.is_file() and not hidden and name not in (*_NOT_SEALED, *_JOB_LOGS):
            yield name


def is_finished(folder: Path | str) -> bool:
    """Whether a folder holds a finished result; its files are not looked at."""
    return os.path.exists(f"{folder}/{RECEIPT}") or os.path.exists(f"{folder}/{SEAL}")


def finished_at(folder: str) -> float:
    """When a result was finished, in seconds since 1970; 0 if it is not."""
    for name in (RECEIPT, SEAL):
        with suppress(FileNotFoundError):
            return os.stat(f"{folder}/{name}").st_mtime
    return 0.0


def find(folder: Path) -> dict[str, Any] | None:
    """The receipt of the result that a folder holds, None if none is finished there.

    A receipt that was deleted is put back if every file is as it was sealed; else the result is made again.
    The folder must be claimed.

    Raises:
        UserError: the receipt is damaged.
    """
    if (folder / RECEIPT).exists():
        return read_receipt(folder)
    if not (folder / SEAL).exists():
        return None
    receipt_is_missing = f"{folder / RECEIPT}: is missing"
    for problem in damage(folder):
        if problem != receipt_is_missing:
            log.warning(f"{problem}; the result is made again")
            (folder / SEAL).unlink()
            return None
    remove_parts(folder)  # of a process that was killed while it wrote the receipt
    return restore_receipt(folder)


def restore_receipt(folder: Path) -> dict[str, Any]:
    """Put a receipt back that was deleted, from the seal, and return it.

    Raises:
        UserError: the seal is damaged.
    """
    receipt: dict[str, Any] = read_seal(folder)["receipt"]
    write_atomically(folder / RECEIPT, to_json(receipt))
    return receipt


def damage(folder: Path) -> Iterator[str]:
    """What is wrong with a finished result: every file that is not as it was when it was sealed.

    A file that was put beside them, somebody's notes, does a result no harm.
    """
    for name, fault in faults(folder):
        if fault != FOREIGN:
            yield f"{folder / name}: {fault}"


def faults(folder: Path, looking_at: Callable[[Path], None] = lambda path: None) -> Iterator[tuple[str, str]]:
    """Each file's path below the folder, and what is wrong with it; `FOREIGN` ones, too.

    Args:
        folder: the result's.
        looking_at: is told of each file before it is read.
    """
    looking_at(folder / SEAL)
    try:
        seal = read_seal(folder)
    except UserError:
        yield SEAL, "is damaged" if (folder / SEAL).exists() else "is missing"
        return
    for name, digest in seal["files"].items():
        path = folder / name
        looking_at(path)
        if not path.is_file():
            yield name, "is missing"
        elif file_digest(path) != digest:
            yield name, "is damaged: it is not as it was when the result was finished"
    for name in sealed_files(folder):
        if name not in seal["files"]:
            yield name, FOREIGN


def read_receipt(folder: Path) -> dict[str, Any]:
    """The receipt of a finished result.

    Raises:
        UserError: there is none, or it is damaged.
    """
    path = folder / RECEIPT
    try:
        receipt = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if (folder / SEAL).exists():  # another call of the workflow has deleted it, and will put it back
            found: dict[str, Any] = read_seal(folder)["receipt"]
            return found
        raise UserError(f"{path}: there is no finished result here") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is damaged; {AGAIN}") from error
    keys = {"stage", "address", "status", "digests"}
    if not (isinstance(receipt, dict) and keys <= receipt.keys() and isinstance(receipt["digests"], dict)):
        raise UserError(f"{path}: is damaged; {AGAIN}")
    if (folder / SEAL).exists() and read_seal(folder)["receipt"] != receipt:
        raise UserError(f"{path}: is not the receipt that was sealed; {AGAIN}")
    return receipt


def read_verified(folder: Path, name: str, receipt: Mapping[str, Any] | None = None) -> str:
    """The text of a result's file, if it is what the receipt says.

    Args:
        folder: the result's.
        name: of the file.
        receipt: the result's, if it was read already.

    Raises:
        UserError: the file or the receipt is missing or damaged.
    """
    receipt, path = receipt or read_receipt(folder), folder / name
    if not path.is_file():
        raise UserError(f"{path}: is missing; {AGAIN}")
    data = path.read_bytes()
    require_digest(folder, name, hashlib.sha256(data).hexdigest(), receipt)
    return data.decode()


def read_verified_json(folder: Path, name: str, receipt: Mapping[str, Any] | None = None) -> Any:
    """The content of a result's JSON file, verified likewise."""
    return json.loads(read_verified(folder, name, receipt))


def require_digest(folder: Path, name: str, found: str, receipt: Mapping[str, Any]) -> None:
    """Refuse a file that is not what its receipt says.

    Raises:
        UserError: names the file.
    """
    if receipt["digests"].get(name) != found:
        raise UserError(f"{folder / name}: is damaged: its digest is not the one in {RECEIPT}. {AGAIN}")


def read_seal(folder: Path) -> dict[str, Any]:
    """A result's seal, if every byte of it is as it was written.

    Raises:
        UserError: there is none, or it is damaged.
    """
    path = folder / SEAL
    try:
        text = path.read_bytes().decode()  # each byte counts: no newline is translated
        seal = json.loads(text)
        whole = to_json(seal) == text and seal.pop("seal") == _digest(seal)
    except FileNotFoundError as error:
        raise UserError(f"{path}: is missing; {AGAIN}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, AttributeError) as error:
        raise UserError(f"{path}: is damaged; {AGAIN}") from error
    if not whole:
        raise UserError(f"{path}: is damaged; {AGAIN}")
    found: dict[str, Any] = seal
    return found


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
