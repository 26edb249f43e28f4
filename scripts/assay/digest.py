"""Digests of what results are made of: bytes, arrays, tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def array_digest(array: np.ndarray) -> str:
    """SHA-256 of an array's type, shape and values."""
    import numpy as np

    return _values_digest(array.dtype.str, array.shape, np.ascontiguousarray(array).reshape(-1))


def tensors_digest(tensors: Mapping[str, Any]) -> str:
    """SHA-256 of named tensors: names, types, shapes and values, whatever the order or the device."""
    import torch

    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        values = tensor.reshape(-1).view(torch.uint8).numpy()  # NumPy has no bfloat16: raw bytes
        total.update(f"{name}\n{_values_digest(str(tensor.dtype), tensor.shape, values)}\n".encode())
    return total.hexdigest()


def _values_digest(kind: str, shape: tuple[int, ...], values: np.ndarray) -> str:
    total = hashlib.sha256(f"{kind}\n{tuple(shape)}\n".encode())
    total.update(values.view("u1").data)
    return total.hexdigest()
