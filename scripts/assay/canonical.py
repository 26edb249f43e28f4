"""The canonical form of settings and its hash: what an address's first half is made of.

Two settings are one if they mean the same: the order of keys, the spelling of numbers and keys left
at their introduction default make no difference. The form is JSON: keys sorted, no white space,
floats as Python's shortest repr, no NaN, no infinity.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

VERSION = 1
CONFIG_DIGITS = 12
CODE_DIGITS = 8
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_json(value: Any) -> str:
    """Canonical JSON of plain data.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: something is not JSON.
    """
    return _ENCODER.encode(_normal(value))


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, as hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _normal(value: Any) -> Any:
    """Negative zero is zero; tuples are lists; keys are text."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys of canonical JSON are text")
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_normal(item) for item in value]
    return value
