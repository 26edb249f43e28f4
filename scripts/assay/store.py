"""The store: where every result lies, how files are put there, who is working on a run.

<store>/<stage>/<address>/recipe.yaml      what the address stands for
<store>/prepare/<address>/<split>/         split: `fixed` or `seed-<n>`
<store>/train/<address>/seed-<n>/
<store>/evaluate/<address>/seed-<n>/
<store>/aggregate/variant/<address>/       and aggregate/study, compare, report
<store>/studies/<study>/                   views: links for people
<store>/code/<digest>                      copies of the modules and files that recipes reach
<store>/logs/<stage>/<address>/            what jobs said that prepared data, or trained and evaluated: a job
                                           of several recipes at the address of the first
<store>/.file-digests.json                 an index: the digests of data files, so that each is read once
<store>/.runs.json, .statuses-<study>.json indexes of what listings read, of stores with many runs
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import platform
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from assay.errors import UserError

log = logging.getLogger("assay.store")

RECEIPT = "receipt.json"
FAILURE = "failure.json"
RECIPE = "recipe.yaml"
RESUME, RESUME_BEFORE = "resume.pt", "resume-before.pt"
CLAIM = ".claim"
_ATTEMPTS = 5
"""To lock a claim, 10 ms apart."""


def seed_folder(seed: int) -> str:
    """The folder of a seed below its address."""
    return f"seed-{seed}"


def seed_of(folder: Path | str) -> int:
    """The seed of a folder made by `seed_folder`.

    Raises:
        UserError: it is no such folder.
    """
    name = Path(folder).name
    if not re.fullmatch(r"seed-[0-9]+", name):
        raise UserError(f"{folder}: is not named seed-N")
    return int(name.removeprefix("seed-"))


def write_atomically(path: Path, content: str | bytes) -> None:
    """Put a file in place whole or not at all: written beside it, synced, renamed.

    A power cut may undo the renaming until `sync_folder`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{platform.node()}-{os.getpid()}-{threading.get_ident()}"  # a process id is a machine's own
    part = path.with_name(f".{path.name}.{writer}.part")
    data = content.encode() if isinstance(content, str) else content
    try:
        with named_errors(path), part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_index(path: Path) -> dict[str, Any]:
    """An index that may be lost: nothing where the file is missing or damaged, for it can be made again."""
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def append(path: Path, text: str) -> None:
    """Add whole lines to a file, after a line that a killed process may have left half written."""
    with named_errors(path), path.open("a+b") as file:
        if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read() != b"\n":
            file.write(b"\n")
        file.write(text.encode())


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Give an error of the operating system, such as a full disk, the name of the file that it is about."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def remove_parts(folder: Path) -> None:
    """Remove what killed processes left of files that they were writing; the folder must be claimed."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def remove_states(folder: Path) -> None:
    """Remove the saved states of a run that is finished, or that starts anew."""
    for name in (RESUME, RESUME_BEFORE):
        (folder / name).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the files of a folder survive a power cut under the names that they have now."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Be the only process that writes a result's folder; wait for another that is at it.

    The claim is a lock of the operating system: it ends with its process, however that ends.
    """
    with _claimed(folder):
        yield


def _claimed(folder: Path) -> TextIO:
    """The claim's file, locked; closing it ends the claim."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            file = (folder / CLAIM).open("w")
        except FileNotFoundError:  # the folder was removed since
            continue
        if not _locked(file):
            log.info(f"{folder}: another process is at it; waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # the folder was removed while this waited


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Claim a result's folder if nobody has it, without waiting; whether it is claimed and there."""
    try:
        file = (folder / CLAIM).open("a")
    except (FileNotFoundError, NotADirectoryError):
        yield False
        return
    with file:  # without a link, the folder was removed meanwhile
        yield _locked(file) and os.fstat(file.fileno()).st_nlink > 0


def _locked(file: TextIO) -> bool:
    """Lock a claim's file, unless a process has it for longer than it takes to look whether it is claimed."""
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if attempt + 1 < _ATTEMPTS:
                time.sleep(0.01)
    return False


def can_continue(folder: Path) -> bool:
    """Whether a run that is not finished left a state to go on from."""
    return any((folder / name).exists() for name in (RESUME, RESUME_BEFORE))


def is_claimed(folder: Path) -> bool:
    """Whether a process is writing the folder now; looking is in nobody's way."""
    try:
        with (folder / CLAIM).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except (FileNotFoundError, PermissionError):  # one that this user may not even read is another's
        return False
    except BlockingIOError:
        return True
