"""Removing results: never what a process is writing, and never so that half of one looks finished."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from assay.finished import SEAL, is_finished
from assay.store import CLAIM, RECEIPT, RECIPE, can_continue, held, write_atomically


def forget_result(folder: Path) -> None:
    """Have a damaged result no longer look finished; its other files stay. The folder must be held."""
    for name in (RECEIPT, SEAL):
        (folder / name).unlink(missing_ok=True)


def remove_result(folder: Path) -> bool:
    """Remove a result and its folder; False if a process is writing it, or has left what can be continued."""
    with held(folder) as is_held:
        if not is_held or (can_continue(folder) and not is_finished(folder)):
            return False
        forget_result(folder)
        for path, folders, files in os.walk(folder, topdown=False):
            for name in files:
                if Path(path) != folder or name not in (RECIPE, CLAIM):  # what it was, to the last
                    Path(path, name).unlink(missing_ok=True)
            for name in folders:
                below = Path(path, name)
                below.unlink() if below.is_symlink() else below.rmdir()
        for name in (RECIPE, CLAIM):
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # a process has come that will write it
            folder.rmdir()
    return True


def remove_address(folder: Path) -> bool:
    """Remove the folder of an address that holds no result any more; False if it does hold something."""
    if not folder.is_dir() or set(os.listdir(folder)) - {RECIPE, CLAIM}:
        return False
    with held(folder) as is_held:
        if not is_held:
            return False
        recipe = folder / RECIPE
        content = recipe.read_bytes() if recipe.is_file() else None
        for name in (RECIPE, CLAIM):
            (folder / name).unlink(missing_ok=True)
        try:
            folder.rmdir()
        except OSError:  # a process has come that will write a result here
            if content is not None:
                write_atomically(recipe, content)
            return False
    return True


def remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder, and those above it up to `top`, that hold nothing any more."""
    while folder != top and folder.is_relative_to(top):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
