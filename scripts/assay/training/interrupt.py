"""Signals that ask a run to leave: noted, and obeyed after the next step."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
SAME = 1.0
"""Seconds within which a second signal is the first one: sent to all processes of a job, and passed on."""


@dataclass
class Interrupt:
    """Which signal came, if one did."""

    signal: str = ""


@contextmanager
def held_back() -> Iterator[None]:
    """Let the signals wait. Processes that are started meanwhile never hear them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def listening(tell: Callable[[int], None] = lambda number: None) -> Iterator[Interrupt]:
    """Note SIGTERM, SIGINT and SIGUSR1 instead of dying of them; a second one has its usual effect.

    Outside the main thread, where Python hears no signals, none is noted.

    Args:
        tell: is told of the one that is noted.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    noted = 0.0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        if not interrupt.signal:
            interrupt.signal, noted = signal.Signals(number).name, time.monotonic()
            tell(number)
        elif time.monotonic() - noted > SAME:
            signal.signal(number, before[signal.Signals(number)])
            os.kill(os.getpid(), number)

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
