"""Figures with a row a variant: values along the axis, names to the left and numbers to the right of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from assay.report.axes import linear_ticks
from assay.report.style import FAINT, GREY, INK, PAPER, WIDTH, Look, wrap

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
        for place, (row, row_steps) in enumerate(zip(values, steps, strict=True)):
            self._dots(place, row, row_steps)

    def _frame(self, labels: Sequence[str], limits: tuple[float, float]) -> None:
        axes = self.axes
        axes.set_xlim(limits)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        linear_ticks(axes.xaxis, *limits, 7)
        axes.grid(axis="x")
        for place in range(1, len(labels)):
            axes.axhline(place - 0.5, color=FAINT, linewidth=0.6, zorder=1)

    def _dots(self, place: int, values: Sequence[float], steps: Sequence[int]) -> None:
        """Dots; equal and near ones stand above and under each other."""
        apart = min(self._across, _MOST_ROOM / (max(steps, default=0) + 1)) / self.height
        middle = place + (self._content - self._room) / 2 / self.height
        self.axes.scatter(
            values, [middle + apart * (step // 2 + step % 2) * (1 if step % 2 else -1) for step in steps],
            s=(self._across - 0.3) ** 2, color=self._looks[place].colour, alpha=0.6, linewidths=0, zorder=4,
        )  # fmt: skip

    def mean(self, place: int, mean: float, ends: tuple[float, float] | None) -> None:
        """A diamond above the row's dots, and a bar between the interval's ends or an arrow there."""
        y, look = self._upper(place), self._looks[place]
        if ends is not None:
            low, high = self.axes.get_xlim()
            inside = [min(max(end, low), high) for end in ends]
            self.axes.plot(inside, [y, y], color=look.colour, linewidth=2.2, solid_capstyle="butt", zorder=3)
            for end, limit, arrow in ((ends[0], low, "<"), (ends[1], high, ">")):
                if not low <= end <= high:
                    self.axes.plot(
                        limit, y, arrow, color=look.colour, markersize=6, markeredgewidth=0, zorder=4,
                        clip_on=False,
                    )  # fmt: skip
        self.axes.plot(
            mean,
            y,
            "D",
            color=look.colour,
            markersize=7,
            markeredgecolor=PAPER,
            markeredgewidth=0.9,
            zorder=5,
        )

    def inner(self, place: int, ends: tuple[float, float]) -> None:
        """A thicker bar over that of the mean, for an interval of less confidence."""
        low, high = self.axes.get_xlim()
        inside = [min(max(end, low), high) for end in ends]
        y, colour = self._upper(place), self._looks[place].colour
        self.axes.plot(inside, [y, y], color=colour, linewidth=4.6, solid_capstyle="butt", zorder=3)

    def _upper(self, place: int) -> float:
        """Where the mean of a row is."""
        return place - (self._content / 2 - 4.5) / self.height

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

    def box(self, place: int, quartiles: Sequence[float]) -> None:
        """A grey box between the quartiles, and the median's line, behind the dots."""
        low, median, high = quartiles
        middle = place + (self._content - self._room) / 2 / self.height
        ends = [middle - (self._room / 2 + 1) / self.height, middle + (self._room / 2 + 1) / self.height]
        self.axes.fill_betweenx(ends, low, high, color=FAINT, alpha=0.6, linewidth=0, zorder=2)
        self.axes.plot([median, median], ends, color=GREY, linewidth=1.4, solid_capstyle="butt", zorder=3)


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
