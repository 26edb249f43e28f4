"""JSON as all of Assay's files have it."""

from __future__ import annotations

import json
from typing import Any


def to_json(value: Any) -> str:
    """Indented, keys in the order given, no NaN, a newline at the end."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
