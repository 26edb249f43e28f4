"""What was read from finished results, remembered by the state of their files: each is read once.

<store>/.<name>.json    an index; without it, or where a file is not as it was, results are read again

A file is as it was if it is the same one (inode), of the same size, and was not touched since (both times, to
the nanosecond). What was touched within seconds is not remembered: it could change again at the same time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from assay.store import read_index, write_atomically

_MUCH = 1_000
"""Results that are worth an index."""
_SETTLED = 2.0
"""Seconds after which a change of a file shows in its times."""


class Remembered:
    """Facts of results, as plain data.

    Args:
        store: the folder of all results.
        name: of what is remembered; whatever is read must depend on the files alone.
    """

    def __init__(self, store: Path, name: str) -> None:
        self._path = store / f".{name}.json"
        self._known = read_index(self._path)
        self._asked: dict[str, Any] = {}
        self._is_new = False

    def of(self, key: str, files: tuple[str, ...], read: Callable[[], Any]) -> Any:
        """What `read` says of some files, read only if it is not remembered.

        Args:
            key: what is asked for.
            files: the paths of all files that `read` reads, or finds missing.
            read: reads them; what it raises is not remembered.
        """
        state, changed = _state(files)
        known = self._known.get(key)
        if not (isinstance(known, list) and len(known) == 2 and known[0] == state):
            known = [state, read()]
            if changed > time.time() - _SETTLED:
                return known[1]
            self._is_new = True
        self._asked[key] = known
        return known[1]

    def save(self) -> None:
        """Write what was asked for, if it is much, where one may write."""
        if len(self._asked) >= _MUCH and (self._is_new or self._asked.keys() != self._known.keys()):
            with suppress(OSError):
                write_atomically(self._path, json.dumps(self._asked))


def _state(files: tuple[str, ...]) -> tuple[str, float]:
    """What files are told by, and when the last of them was changed."""
    texts, changed = [], 0.0
    for file in files:
        try:
            found = os.stat(file)
        except OSError:
            texts.append("none")
        else:
            texts.append(f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}")
            changed = max(changed, found.st_mtime, found.st_ctime)
    return ", ".join(texts), changed
