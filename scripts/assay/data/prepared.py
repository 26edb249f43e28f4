"""Prepared data: loaded from a finished prepare result, every array checked against its receipt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assay.digest import array_digest, file_digest
from assay.errors import UserError
from assay.receipt import read_receipt, require_digest


@dataclass(frozen=True)
class Prepared:
    """What a run learns from."""

    inputs: np.ndarray
    """float32, (samples, …)."""
    targets: np.ndarray
    """int64, (samples,)."""
    parts: Mapping[str, np.ndarray]
    """`train`, `validation`, `test` → sample indices."""
    meta: Mapping[str, Any]
    """Shapes, classes, counts: the content of `meta.json`."""

    @property
    def digest(self) -> str:
        """The version of the data: one digest of all arrays."""
        arrays = (self.inputs, self.targets, *(self.parts[name] for name in sorted(self.parts)))
        return hashlib.sha256("".join(map(array_digest, arrays)).encode()).hexdigest()


def load(folder: Path) -> Prepared:
    """Read prepared data.

    Raises:
        UserError: there is no finished result, or a file is missing or damaged.
    """
    receipt = read_receipt(folder)
    arrays = {}
    for name in ("inputs", "targets", "train", "validation", "test"):
        path = folder / f"{name}.npy"
        try:
            arrays[name] = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be read: {error}") from error
        require_digest(folder, path.name, array_digest(arrays[name]), receipt)
    require_digest(folder, "meta.json", file_digest(folder / "meta.json"), receipt)
    meta = json.loads((folder / "meta.json").read_text())
    return Prepared(arrays.pop("inputs"), arrays.pop("targets"), arrays, meta)
