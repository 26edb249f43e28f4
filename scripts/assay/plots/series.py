"""Columns of a history as numbers to draw: NaN where there is none, and fewer points where there are many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.notation import Scale, metric_label

LONG = 400
"""Epochs above which a line shows means over several epochs, beside the range of their values."""
_POINTS = 200
_LARGEST = 1e100


@dataclass(frozen=True)
class Line:
    """One quantity over epochs, (points,) each."""

    epochs: np.ndarray
    values: np.ndarray
    """Means over `step` epochs; NaN where there is no value."""
    low: np.ndarray
    """Smallest value of those epochs."""
    high: np.ndarray
    """Largest value of those epochs."""
    step: int
    """Epochs a point; 1 where every epoch is shown."""

    def markers(self, few: int = 30, start: float = 0.5) -> np.ndarray:
        """Which points to mark, (points,) of bool: all of a few, some of many, and those that stand alone.

        Args:
            few: points that are all marked.
            start: where the first of some is, as a share of the distance between two.
        """
        there = np.isfinite(self.values)
        beside = np.pad(there, 1)
        alone = there & ~beside[:-2] & ~beside[2:]
        every = 1 if len(there) <= few else max(1, len(there) // 7)
        chosen: np.ndarray = alone | (np.arange(len(there)) % every == int(start * every))
        return chosen


def said(step: int) -> str:
    """Label of an axis of epochs, where a line's point stands for so many of them."""
    several = f"epoch\n(lines: means over {step} epochs; bands: their range)"
    return "epoch" if step == 1 else several


def shown(lines: Iterable[Line]) -> np.ndarray:
    """All values that lines and their bands reach."""
    return np.concatenate([ends for line in lines for ends in (line.low, line.high)])


def values_of(rows: Sequence[Mapping[str, Any]], column: str) -> np.ndarray:
    """A column, (rows,) of float64, NaN where a row has no number.

    Numbers beyond ±1e100 are drawn as that, those within ±1e-100 as 0: axes of more decades overflow.
    """
    given = [np.nan if row.get(column) is None else row[column] for row in rows]
    values = np.clip(np.array(given, dtype=np.float64), -_LARGEST, _LARGEST)
    return np.where(np.abs(values) < 1 / _LARGEST, 0, values)


def line(rows: Sequence[Mapping[str, Any]], column: str, factor: float = 1.0) -> Line:
    """A column as a line, its values multiplied by `factor`."""
    epochs = np.array([row["epoch"] for row in rows], dtype=np.float64)
    values = factor * values_of(rows, column)
    step = 1 if len(rows) <= LONG else -(-len(rows) // _POINTS)
    filled = np.full(-len(rows) % step, np.nan)
    epochs, values = (np.concatenate([x, filled]).reshape(-1, step) for x in (epochs, values))
    there = np.isfinite(values)
    any_there = there.any(1)

    def only(numbers: np.ndarray) -> np.ndarray:
        return np.where(any_there, numbers, np.nan)

    means = np.where(there, values, 0).sum(1) / np.maximum(there.sum(1), 1)
    low, high = np.where(there, values, np.inf).min(1), np.where(there, values, -np.inf).max(1)
    return Line(np.nanmean(epochs, 1), only(means), only(low), only(high), step)


def scale(metric: str, values: Iterable[np.ndarray]) -> Scale:
    """How a metric is written: with the field's name, a proportion in percent."""
    finite = [value for column in values for value in column[np.isfinite(column)].tolist()]
    return Scale(metric_label(metric), Scale.by_name(metric, finite).is_proportion)
