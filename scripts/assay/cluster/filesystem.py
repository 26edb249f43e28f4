"""Whether the file system of a store does what two nodes that write into one store rely on: locks."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/mounts")
_ONE_NODE = {
    "nfs": {"nolock", "local_lock=all", "local_lock=flock"},
    "lustre": {"localflock"},
}
"""Kind of file system → options with which a lock holds on the node that took it, and on no other."""


@dataclass(frozen=True)
class Mount:
    """What a folder lies on."""

    folder: str
    kind: str
    options: frozenset[str]


def store_problem(store: Path, mounts: Path = MOUNTS) -> str | None:
    """Why two nodes cannot write into a store at the same time; None if nothing speaks against it."""
    folder = store.absolute()
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except PermissionError:
        return "may not be written by you"
    except OSError as error:
        return f"its file system has no locks ({os.strerror(error.errno or 0)}): no run can be claimed there"
    mount = _mount(folder.resolve(), mounts)
    if mount is not None:
        kind = re.sub(r"\d+$", "", mount.kind)
        found = sorted(mount.options & _ONE_NODE.get(kind, set()))
        if found:
            where = f"{mount.folder} ({mount.kind}) is mounted with {found[0]}"
            return (
                f"{where}: a claim holds on one node alone; two calls could compute one run at the same time"
            )
    return None


def _mount(folder: Path, mounts: Path) -> Mount | None:
    """The file system that a folder lies on; None where this is not known."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found: Mount | None = None
    for line in lines:
        _, point, kind, options, *_ = (*line.split(" "), "", "", "", "")
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), point)
        holds = point and folder.is_relative_to(point)
        if holds and (found is None or len(point) >= len(found.folder)):
            found = Mount(point, kind, frozenset(options.split(",")))
    return found
