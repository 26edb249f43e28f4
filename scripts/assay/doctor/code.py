"""The copies of code that recipes name: each is what its name stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from assay.digest import file_digest
from assay.doctor.finding import Finding, Looked
from assay.syntax import source_digest


def code_finding(store: Path, looked: Looked) -> Iterator[Finding]:
    """Copies of code that are not what their names say."""
    folder = store / "code"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if re.fullmatch(r"[0-9a-f]{64}", path.name):
            looked.at(path)
            if not _is_code(path):
                text = "is damaged: it is not the code that its name stands for"
                then = "the workflow copies that code again where it still is"
                yield Finding(path, text, f"remove it; {then}", f"removed; {then}", partial(_remove, path))


def _is_code(path: Path) -> bool:
    """Whether the syntax tree of a module, or the bytes of another file, have the digest that is the name."""
    try:
        return path.name == file_digest(path) or path.name == source_digest(path.read_bytes())
    except FileNotFoundError:
        return True
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _remove(path: Path) -> bool:
    if not _is_code(path):
        path.unlink(missing_ok=True)
    return True
