"""The copies of code that recipes name: each is what its name stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from assay.doctor.finding import Finding, Looked
from assay.sources import is_own_copy


def code_finding(store: Path, looked: Looked) -> Iterator[Finding]:
    """Copies of code that are not what their names say."""
    folder = store / "code"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if re.fullmatch(r"[0-9a-f]{64}", path.name):
            looked.at(path)
            if _is_damaged(path):
                text = "is damaged: it is not the code that its name stands for"
                then = "the workflow copies that code again where it still is"
                yield Finding(path, text, f"remove it; {then}", f"removed; {then}", partial(_remove, path))


def _is_damaged(path: Path) -> bool:
    """Whether a copy is there, and is not the module or the file that its name stands for."""
    try:
        return not is_own_copy(path)
    except FileNotFoundError:
        return False


def _remove(path: Path) -> bool:
    if _is_damaged(path):
        path.unlink(missing_ok=True)
    return True
