"""What the doctor finds, and how much it has looked at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    path: Path
    text: str
    """What is wrong with it; and what a person can do, where there is no `fix`."""
    would: str = ""
    """What `fix` would do: `remove it`."""
    done: str = ""
    """What it has done: `removed`."""
    fix: Callable[[], bool] | None = None
    """Puts it right, unless a process is writing there; whether it is right now."""

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


@dataclass
class Looked:
    """How much was looked at."""

    results: int = 0
    files: int = 0
    size: int = 0
    """Bytes."""
    busy: list[Path] = field(default_factory=list)
    """Folders that a process is writing."""
    tell: Callable[[Looked, Path], None] = lambda looked, path: None
    """Is told before a file is read."""

    def at(self, path: Path) -> None:
        """Count a file that will be read."""
        self.tell(self, path)
        self.files += 1
        with suppress(OSError):
            self.size += path.stat().st_size
