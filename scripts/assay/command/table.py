"""Tables for people and for programs: aligned text, CSV, JSON."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

FORMATS = ("table", "csv", "json")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], form: str = "table") -> None:
    """Print rows in one of FORMATS. CSV and JSON are exact; the table is rounded for reading."""
    if form == "json":
        print(json.dumps([dict(row) for row in rows], indent=1, ensure_ascii=False))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, columns, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    elif rows:
        cells = [list(columns)] + [[_cell(row.get(name, "")) for name in columns] for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for line in cells:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
