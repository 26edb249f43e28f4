"""Prepared data: loaded from a finished prepare result, every array checked against its receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from assay.digest import array_digest
from assay.errors import UserError
from assay.finished import AGAIN, read_receipt, read_verified_json, require_digest


@dataclass(frozen=True)
class Prepared:
    """What a run learns from."""

    inputs: np.ndarray
    """float32, (samples, …)."""
    targets: np.ndarray
    """int64, (samples,): class indices. Or float32, (samples,) or (samples, outputs): values."""
    parts: Mapping[str, np.ndarray]
    """`train`, `validation`, `test` → sample indices."""
    meta: Mapping[str, Any]
    """The content of `meta.json`: shapes; classes and counts, or outputs with their mean and scale."""

    @cached_property
    def digest(self) -> str:
        """The version of the data: one digest of all arrays."""
        arrays = (self.inputs, self.targets, *(self.parts[name] for name in sorted(self.parts)))
        return hashlib.sha256("".join(map(array_digest, arrays)).encode()).hexdigest()


def load(folder: Path, address: str | None = None, mapped: bool = False) -> Prepared:
    """Read prepared data.

    Args:
        folder: of a finished prepare result.
        address: the address that it must have.
        mapped: leave inputs and targets in their files, for data larger than memory.

    Raises:
        UserError: there is no finished result, it is another one, or a file is missing or damaged.
    """
    receipt = read_receipt(folder)
    if address is not None and receipt.get("address") != address:
        raise UserError(f"{folder}: holds the prepared data {receipt.get('address')}, not {address}")
    arrays = {}
    for name in ("inputs", "targets", "train", "validation", "test"):
        path = folder / f"{name}.npy"
        try:
            in_file = mapped and name in ("inputs", "targets")
            arrays[name] = np.load(path, mmap_mode="r" if in_file else None, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{path}: is damaged; {AGAIN}") from error
        require_digest(folder, path.name, array_digest(arrays[name]), receipt)
    meta = read_verified_json(folder, "meta.json")
    return Prepared(arrays.pop("inputs"), arrays.pop("targets"), arrays, meta)
