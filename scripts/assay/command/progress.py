"""What commands say while they work for long, and how they write sizes and seeds."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterable


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


def size_text(size: float) -> str:
    """Bytes for people: `1.2 GB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 result`, `12,000 results`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def parts_text(parts: Iterable[str]) -> str:
    """Folders of seeds and splits, for people: `0–4, 7`, `fixed`."""
    names = list(parts)
    seeds = sorted(int(found[1]) for name in names if (found := re.fullmatch(r"seed-([0-9]+)", name)))
    ranges: list[list[int]] = []
    for seed in seeds:
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1].append(seed)
        else:
            ranges.append([seed])
    texts = [f"{r[0]}–{r[-1]}" if len(r) > 2 else ", ".join(map(str, r)) for r in ranges]
    return ", ".join([*texts, *(name for name in names if name and not name.startswith("seed-"))])
