"""Figures with a row a variant: values along the axis, names to the left and numbers to the right of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from assay.report.axes import linear_ticks
from assay.report.style import FAINT, GREY, INK, PAPER, WIDTH, Look, wrap

Ends = tuple[float, float]
"""Of an interval."""
_NAME = 24
"""Characters of a name before it is wrapped."""
_SIZE = 8.5
"""Points, of the numbers to the right."""
_GAP = 14.0
"""Points, between columns."""
_DOTS = (4.8, 4.2, 3.6, 3.0, 2.6)
"""Points across a dot: the largest with which all have room."""
_MOST_ROOM = 38.0
"""Points of a row's height that dots may take."""


class Rows:
    """A figure of rows with a dot a value, and what draws their means. The first row is at the top.

    Args:
        names: of the rows, one or more.
        values: a row's values, a list a row.
        columns: to the right: a heading, then a text a row; texts may have several lines.
        limits: of the axis of values.
        looks: a row's.
    """

    def __init__(
        self,
        names: Sequence[str],
        values: Sequence[Sequence[float]],
        columns: Sequence[Sequence[str]],
        limits: tuple[float, float],
        looks: Sequence[Look],
    ) -> None:
        labels = [wrap(name, _NAME) for name in names]
        taken = sum(map(_width, columns)) + 9 / _SIZE * _width(labels) + 30
        point = (limits[1] - limits[0]) / max(100.0, 72 * WIDTH - taken)
        self._looks = looks
        self._across, steps = _packed(values, point)
        room = self._across * (1 + max((step for row in steps for step in row), default=0))
        self._room = max(12.0, min(room, _MOST_ROOM))
        lines = max(label.count("\n") + 1 for label in labels)
        self._content = self._room + 14
        """Points, of a row's height: the mean, and the dots below it."""
        self.height = max(self._content + 12, 38.0, 12.5 * lines + 8)
        """Points, of a row."""
        self.figure = Figure(figsize=(WIDTH, (self.height * len(names) + 78) / 72))
        self.axes = self.figure.subplots()
        self._frame(labels, limits)
        _write_columns(self.axes, columns)
        self._dots(values, steps)

    def _frame(self, labels: Sequence[str], limits: tuple[float, float]) -> None:
        axes = self.axes
        axes.set_xlim(limits)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        linear_ticks(axes.xaxis, *limits, 7)
        axes.grid(axis="x")
        between = [(place - 0.5, (0.0, 1.0)) for place in range(1, len(labels))]
        self._bars(between, color=FAINT, linewidth=0.6, zorder=1, transform=axes.get_yaxis_transform())

    def _dots(self, values: Sequence[Sequence[float]], steps: Sequence[Sequence[int]]) -> None:
        """Dots; equal and near ones stand above and under each other."""
        for colour, places in self._by_colour(range(len(values))).items():
            x: list[float] = []
            y: list[float] = []
            for place in places:
                apart = min(self._across, _MOST_ROOM / (max(steps[place], default=0) + 1)) / self.height
                middle = self._lower(place)
                x += values[place]
                y += [middle + apart * (s // 2 + s % 2) * (1 if s % 2 else -1) for s in steps[place]]
            self.axes.scatter(
                x, y, s=(self._across - 0.3) ** 2, color=colour, alpha=0.6, linewidths=0, zorder=4
            )

    def means(self, means: Mapping[int, float], ends: Mapping[int, Ends]) -> None:
        """Diamonds above the rows' dots, and bars between the intervals' ends or arrows there.

        Args:
            means: row → mean.
            ends: row → those of its interval, where it has one.
        """
        self._intervals(ends, 2.2)
        low, high = self.axes.get_xlim()
        for place, pair in ends.items():
            for end, limit, arrow in ((pair[0], low, "<"), (pair[1], high, ">")):
                if not low <= end <= high:
                    self.axes.plot(
                        limit, self._upper(place), arrow, color=self._looks[place].colour, markersize=6,
                        markeredgewidth=0, zorder=4, clip_on=False,
                    )  # fmt: skip
        for colour, places in self._by_colour(means).items():
            self.axes.plot(
                [means[place] for place in places], [self._upper(place) for place in places], "D",
                color=colour, markersize=7, markeredgecolor=PAPER, markeredgewidth=0.9, zorder=5,
            )  # fmt: skip

    def inner(self, ends: Mapping[int, Ends]) -> None:
        """Thicker bars over those of the means, for intervals of less confidence; row → ends."""
        self._intervals(ends, 4.6)

    def _intervals(self, ends: Mapping[int, Ends], width: float) -> None:
        low, high = self.axes.get_xlim()
        for colour, places in self._by_colour(ends).items():
            inside = [
                (self._upper(place), (max(ends[place][0], low), min(ends[place][1], high)))
                for place in places
            ]
            self._bars(inside, color=colour, linewidth=width, solid_capstyle="butt", zorder=3)

    def _bars(self, bars: Sequence[tuple[float, Ends]], **drawn: Any) -> None:
        """Horizontal lines, each at a height and between ends: one artist, since each costs time."""
        x = [value for _, (low, high) in bars for value in (low, high, math.nan)]
        y = [height for height, _ in bars for _ in range(3)]
        self.axes.plot(x, y, **drawn)

    def _by_colour(self, places: Iterable[int]) -> dict[str, list[int]]:
        """Colour → rows that have it: what has one colour is one artist."""
        found: dict[str, list[int]] = {}
        for place in places:
            found.setdefault(self._looks[place].colour, []).append(place)
        return found

    def _upper(self, place: int) -> float:
        """Where the mean of a row is."""
        return place - (self._content / 2 - 4.5) / self.height

    def _lower(self, place: int) -> float:
        """The middle of a row's dots."""
        return place + (self._content - self._room) / 2 / self.height

    def mark(self, value: float, text: str) -> None:
        """A line across all rows, and what it stands for above it."""
        low, high = self.axes.get_xlim()
        share = (value - low) / (high - low)
        side = "left" if share < 0.25 else "right" if share > 0.75 else "center"
        self.axes.axvline(value, color=INK, linewidth=1, zorder=2)
        self.axes.annotate(
            wrap(text, 30), (value, 1), xycoords=self.axes.get_xaxis_transform(), xytext=(0, 5),
            textcoords="offset points", fontsize=9, ha=side, va="bottom",
        )  # fmt: skip

    def boxes(self, quartiles: Mapping[int, tuple[float, float, float]]) -> None:
        """Grey boxes between the quartiles, and the medians' lines, behind the dots; row → quartiles."""
        if not quartiles:
            return
        half = (self._room / 2 + 1) / self.height
        corners, x, y = [], [], []
        for place, (low, median, high) in quartiles.items():
            upper, lower = self._lower(place) - half, self._lower(place) + half
            corners.append([(low, upper), (low, lower), (high, lower), (high, upper)])
            x += [median, median, math.nan]
            y += [upper, lower, math.nan]
        self.axes.add_collection(
            PolyCollection(corners, color=FAINT, alpha=0.6, linewidth=0, zorder=2), autolim=False
        )
        self.axes.plot(x, y, color=GREY, linewidth=1.4, solid_capstyle="butt", zorder=3)


def aside(values: Sequence[float], near: float) -> list[int]:
    """For each value, by how many places it must step aside so that no nearer one hides it."""
    steps = np.zeros(len(values), dtype=int)
    order = sorted(range(len(values)), key=values.__getitem__)
    last: list[float] = []  # the largest value so far, of each step
    for place in order:
        free = (step for step, value in enumerate(last) if values[place] - value > near)
        steps[place] = step = next(free, len(last))
        last[step : step + 1] = [values[place]]
    return [int(step) for step in steps]


def limits(core: Sequence[float], ends: Sequence[float], reach: float = 2.0) -> tuple[float, float]:
    """Of an axis that shows all of `core`, and `ends` of intervals up to `reach` times as far out."""
    low, high = min(core), max(core)
    span = (high - low) or max(map(abs, ends), default=0.0) or abs(low) or 1.0
    low, high = (
        min([low, *(max(end, low - reach * span) for end in ends)]),
        max([high, *(min(end, high + reach * span) for end in ends)]),
    )
    room = 0.05 * ((high - low) or span)
    return low - room, high + room


def _packed(values: Sequence[Sequence[float]], point: float) -> tuple[float, list[list[int]]]:
    """How large dots are, and how far each must step aside, a list a row.

    Args:
        point: units of the axis of values in a point, nearly.
    """
    steps: list[list[int]] = []
    for across in _DOTS:
        steps = [aside(row, across * point) for row in values]
        if across * (1 + max((step for row in steps for step in row), default=0)) <= _MOST_ROOM:
            return across, steps
    return _DOTS[-1], steps


def _write_columns(axes: Axes, columns: Sequence[Sequence[str]]) -> None:
    """Write texts to the right of the axes, columns side by side."""
    taken = 0.0
    for heading, *texts in columns:
        taken += _GAP
        axes.annotate(
            heading, (1, 1), xycoords="axes fraction", xytext=(taken, 4), textcoords="offset points",
            fontsize=_SIZE, color=GREY, va="bottom",
        )  # fmt: skip
        for place, text in enumerate(texts):
            axes.annotate(
                text, (1, place), xycoords=axes.get_yaxis_transform(), xytext=(taken, 0),
                textcoords="offset points", fontsize=_SIZE, va="center", linespacing=1.3,
            )  # fmt: skip
        taken += _width([heading, *texts])


def _width(texts: Sequence[str]) -> float:
    """Of the widest of some texts in points, at the size of the columns."""
    lines = {line for text in texts for line in text.split("\n") if line.strip()}
    return max(
        (float(np.ptp(TextPath((0, 0), line, size=_SIZE).vertices[:, 0])) for line in lines), default=0.0
    )
