"""What runs is what was hashed: bytecode counts by its source's content, and what is imported is noted.

Python trusts cached bytecode if the source has the same size and time in whole seconds, which a copied file
or a quick edit may keep. Once this module is imported, the content's checksum stands in for the time, for all
modules but Python's own and installed ones; and a job can tell whether one was edited before its import.
"""

from __future__ import annotations

import os
import sysconfig
import zlib
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from typing import Any

hashed: dict[str, int] = {}
"""File → checksum of the source that addresses were made from."""
imported: dict[str, int] = {}
"""File → checksum of the source that was imported."""
_INSTALLED = tuple(os.path.realpath(sysconfig.get_path(kind)) + os.sep for kind in ("stdlib", "platstdlib"))
_by_time = SourceFileLoader.path_stats


def note(file: str | os.PathLike[str], source: bytes, noted: dict[str, int]) -> int:
    """Note the checksum of a file's source in one of the tables, and return it."""
    checksum = noted[os.path.realpath(file)] = zlib.crc32(source)
    return checksum


def is_other(file: str) -> bool:
    """Whether a module was imported from another source than the one that addresses were made from.

    Args:
        file: the module's, links followed.
    """
    return file in hashed and file in imported and hashed[file] != imported[file]


def _by_content(self: SourceFileLoader, path: str) -> Mapping[str, Any]:
    """Stands in for the loader's `path_stats`: what cached bytecode must agree with to be used."""
    where = os.path.realpath(path)
    if where.startswith(_INSTALLED) or "site-packages" in where or "dist-packages" in where:
        return _by_time(self, path)
    source = self.get_data(path)
    return {"mtime": note(path, source, imported), "size": len(source)}


SourceFileLoader.path_stats = _by_content  # type: ignore[method-assign]
