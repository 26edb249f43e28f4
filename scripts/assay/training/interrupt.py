"""Signals that ask a run to leave: noted, and obeyed after the next step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


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
def listening() -> Iterator[Interrupt]:
    """Note SIGTERM, SIGINT and SIGUSR1 instead of dying of them; a second one has its usual effect.

    Outside the main thread, where Python hears no signals, none is noted.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        interrupt.signal = signal.Signals(number).name
        signal.signal(number, before[signal.Signals(number)])

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
