"""A store for a while: beside the real one, on the same file system, removed however the process ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.store import claim, is_claimed

ABANDONED = 60.0
"""Seconds after which a temporary store that no process claims is one that a killed process left."""


@contextmanager
def temporary_store(store: Path) -> Iterator[Path]:
    """A folder beside the store, removed at the end, also if a signal ends the process."""
    for left in temporary_stores(store):
        with contextlib.suppress(OSError):
            if not is_claimed(left) and time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=_prefix(store), dir=_parent(store)))
    try:
        with _signals_as_ctrl_c(), claim(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def temporary_stores(store: Path) -> list[Path]:
    """Those of this user that are there now, of processes that run and of killed ones."""
    found = _parent(store).glob(f"{_prefix(store)}*")
    return sorted(path for path in found if os.access(path, os.W_OK))


def _parent(store: Path) -> Path:
    """The folder beside the store, or the system's own for such things where one may only read."""
    parent = store.resolve().parent
    return parent if os.access(parent, os.W_OK) else Path(tempfile.gettempdir())


def _prefix(store: Path) -> str:
    return f".{store.resolve().name}.replay-"


@contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end the process as Ctrl-C does: through every `finally`. `nohup` is heeded."""
    wanted = (signal.SIGTERM, signal.SIGHUP)
    numbers = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
