"""Data files that studies name: where they are, and their digests."""

from __future__ import annotations

import glob
import json
import os
from pathlib import Path

from assay.digest import file_digest
from assay.errors import UserError, choose
from assay.settings.component import Dataset
from assay.store import read_index, write_atomically


def data_file(path: str, data: Path) -> Path:
    """A data file's place: relative to the data folder, and inside it.

    Raises:
        UserError: it lies outside, or is no file.
    """
    root = os.path.abspath(data)
    full = os.path.normpath(os.path.join(root, path))
    if os.path.commonpath([root, full]) != root:
        raise UserError(
            f"{path!r} lies outside the data folder {str(data)!r}; "
            "set machine.data in config/config.yaml to a folder that holds it"
        )
    if not os.path.isfile(full):
        near = glob.glob(os.path.join(glob.escape(os.path.dirname(full)), f"*{Path(full).suffix}"))
        names = [os.path.basename(name) for name in near if os.path.isfile(name)]
        hint = f"; {choose(Path(full).name, names, 'file')}" if 0 < len(names) <= 20 else ""
        what = "is a folder" if os.path.isdir(full) else "there is no such file"
        raise UserError(f"{path!r}: {what} in the data folder {str(data)!r}{hint}")
    return Path(full)


class FileDigests:
    """Digests of data files, kept in the store so that a file is read once, not at every planning.

    Args:
        store: the folder of all results.
        data: the folder that relative paths of data files start from.
    """

    def __init__(self, store: Path, data: Path) -> None:
        self._path, self._data = store / ".file-digests.json", data
        self._known: dict[str, str] = read_index(self._path)
        self._changed = False

    def of(self, source: Dataset) -> dict[str, str]:
        """Setting → SHA-256 of the file that it names.

        Raises:
            UserError: a file is missing or lies outside the data folder.
        """
        return {
            name: self._digest(data_file(source.settings[name], self._data))
            for name in source.file_settings()
        }

    def _digest(self, path: Path) -> str:
        state = path.stat()
        key = f"{path} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"
        if key not in self._known:
            self._known[key] = file_digest(path)
            self._changed = True
        return self._known[key]

    def save(self) -> None:
        """Write what was learned."""
        if self._changed:
            write_atomically(self._path, json.dumps(self._known, indent=1, sort_keys=True))
