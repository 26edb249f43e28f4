"""What lies in a store and is of no use: files and temporary stores of killed processes, broken links."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from assay.doctor.finding import Finding
from assay.garbage.removal import remove_empty
from assay.garbage.unreached import RECENT
from assay.places import addresses
from assay.replay.temporary import temporary_stores
from assay.store import held, is_claimed


def abandoned(store: Path) -> Iterator[Finding]:
    """What killed processes left outside results: files and folders that were not touched for long."""
    folders = [store, store / "code", *(store.joinpath(*key) for key in addresses(store))]
    for path in (path for folder in folders for path in sorted(folder.glob(".*.part"))):
        if _age(path) > RECENT and not is_claimed(path.parent):
            text = "was left by a killed process"
            yield Finding(path, text, "remove it", "removed", partial(_remove_part, path))
    for path in temporary_stores(store):
        if _age(path) > RECENT and not is_claimed(path):
            text = "was left by a killed `assay verify` or `assay accept`"
            yield Finding(path, text, "remove it", "removed", partial(_remove_replay, path))


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove_part(path: Path) -> bool:
    path.unlink(missing_ok=True)
    return True


def _remove_replay(folder: Path) -> bool:
    with held(folder) as is_held:
        if is_held:
            shutil.rmtree(folder)
        return is_held


def dangling_views(store: Path) -> Iterator[Finding]:
    """Links of views to what is not there any more."""
    views = store / "studies"
    for path in sorted(views.rglob("*")):
        if path.is_symlink() and not path.exists():
            text = f"leads to {path.readlink()}, which is not there"
            yield Finding(path, text, "remove the link", "the link is removed", partial(_unlink, path, views))


def _unlink(path: Path, views: Path) -> bool:
    if path.is_symlink() and not path.exists():
        path.unlink()
        remove_empty(path.parent, views)
    return True
