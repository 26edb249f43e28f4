"""The histories of runs: their quantities epoch by epoch, as `histories.csv` of a study has them."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class History:
    """One run's."""

    variant: str
    seed: int
    epochs: np.ndarray
    """(epochs,), whole numbers from 1."""
    values: Mapping[str, np.ndarray]
    """Quantity → (epochs,); NaN where there is no finite value."""


def read_histories(text: str) -> list[History]:
    """The histories of a table with the columns variant, seed, epoch and one a quantity."""
    rows: dict[tuple[str, int], list[Mapping[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        rows.setdefault((row.pop("variant"), int(row.pop("seed"))), []).append(row)
    return [
        History(
            variant,
            seed,
            np.array([int(row["epoch"]) for row in own]),
            {name: np.array([finite(row[name]) for row in own]) for name in own[0] if name != "epoch"},
        )
        for (variant, seed), own in rows.items()
    ]


def finite(text: str) -> float:
    """A cell's number, NaN where it is none or infinite."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def values_of(histories: Iterable[History], quantity: str) -> np.ndarray:
    """All values of a quantity that there are."""
    own = [run.values[quantity] for run in histories if quantity in run.values]
    every = np.concatenate([np.empty(0), *own])
    found: np.ndarray = every[np.isfinite(every)]
    return found


def counts(histories: Iterable[History]) -> Counter[str]:
    """Variant → number of its runs."""
    return Counter(run.variant for run in histories)


def points(histories: Sequence[History], quantity: str, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Some runs' values of a quantity side by side, each the mean over `step` epochs.

    Returns:
        The means of the epochs that a point stands for, (points,), and the values, (runs, points); NaN
        where a run has none.
    """
    places = [(run.epochs - 1) // step for run in histories]
    shown, columns = np.unique(np.concatenate(places), return_inverse=True)
    epochs = _means(np.concatenate([run.epochs for run in histories]), columns, len(shown))
    rows = [
        _means(run.values[quantity], np.searchsorted(shown, own), len(shown))
        for run, own in zip(histories, places, strict=True)
    ]
    return epochs, np.array(rows)


def _means(values: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    """The mean of the finite values at each place, NaN where there is none."""
    there = np.isfinite(values)
    sums = np.bincount(places[there], values[there], minlength=length)
    number: Any = np.bincount(places[there], minlength=length)
    return np.where(number > 0, sums / np.maximum(number, 1), np.nan)
