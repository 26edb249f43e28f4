"""Phrases about a whole comparison that verdict, tables, captions and methods share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.notation import percent
from assay.results.verdict import ADJUSTED

SPENDING = {"obrien_fleming": "O'Brien–Fleming", "pocock": "Pocock"}


def level(compared: Mapping[str, Any]) -> str:
    """The confidence of the intervals: `95 %`."""
    return percent(1 - compared["alpha"])


def tested(compared: Mapping[str, Any]) -> int:
    """How many tests the p values were adjusted for."""
    return sum(comparison["status"] == "ok" for comparison in compared["comparisons"])


def adjustment(compared: Mapping[str, Any]) -> str:
    """`Holm`, `max-t`; empty where there is only one comparison, which needs none."""
    return ADJUSTED[compared["adjustment"]] if tested(compared) > 1 else ""
