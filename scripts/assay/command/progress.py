"""What commands say while they work for long."""

from __future__ import annotations

import shutil
import sys
import time


class Progress:
    """One line on stderr that is written again and again; in a log file, a line now and then."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._every = 0.1 if self._is_terminal else 30.0
        self._last = time.monotonic()

    def say(self, text: str) -> None:
        """Show how far the work is, unless that was done a moment ago."""
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        if self._is_terminal:
            text = text[: shutil.get_terminal_size().columns - 1]
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away, before something else is said."""
        if self._is_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
