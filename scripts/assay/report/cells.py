"""Cells that several tables of comparisons share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.notation import MISSING, Scale, fixed, probability
from assay.report.inputs import Inputs
from assay.report.tables import Cell, interval, number

Comparison = Mapping[str, Any]
"""As in `comparisons.json`."""


def first_column(inputs: Inputs) -> str:
    """What the first column of a table of comparisons is called."""
    return "variant" if inputs.compared["design"] == "baseline" else "comparison"


def pair_name(inputs: Inputs, test: Comparison) -> str:
    """`wide`; `wide − plain` where there is no common baseline."""
    one = inputs.compared["design"] == "baseline"
    return str(test["variant"]) if one else f"{test['variant']} − {test['baseline']}"


def mean_and_sd(scale: Scale, mean: float | None, sd: float | None) -> str:
    """Without its unit, which the column names."""
    spread = scale.number(sd)
    return scale.number(mean) if spread == MISSING else f"{scale.number(mean)} ± {spread}"


def p_value(p: float | None, alpha: float) -> Cell:
    """A p value, with enough digits to see on which side of alpha it lies."""
    return number(probability(p, alpha), p)


def plain_interval(low: float | None, high: float | None) -> Cell:
    """The interval of a number without unit: `[0.31, 1.95]`."""
    return interval(MISSING if low is None or high is None else f"[{fixed(low)}, {fixed(high)}]", low, high)


def points(scale: Scale) -> str:
    """` percentage points` after an amount of a proportion."""
    return " percentage points" if scale.is_proportion else ""


def in_points(scale: Scale) -> str:
    """`, in percentage points` after words on amounts of a proportion."""
    return ", in percentage points" if scale.is_proportion else ""
