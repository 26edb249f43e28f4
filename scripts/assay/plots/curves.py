"""Learning curves of one run: a panel a quantity, training and validation, the best epoch marked.

Called within `assay.report.style.sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from assay.notation import Scale
from assay.plots import series
from assay.plots.contents import Panel, Sheet
from assay.report.axes import epoch_axis, legend_below, value_axis
from assay.report.style import WIDTH, Look

_LOOKS = {"training": Look("#0072B2", "-", "o"), "validation": Look("#000000", "-", "o")}
_LOOKS[""] = _LOOKS["validation"]
_BEST = "#D55E00"
_DIVERGED = "#CC79A7"
_BEST_LINE: dict[str, Any] = {"color": _BEST, "linestyle": (0, (1, 1.5)), "linewidth": 1.2}
_BEST_MARK: dict[str, Any] = {
    "color": _BEST, "marker": "D", "markersize": 7.5, "markerfacecolor": "none", "markeredgewidth": 1.6,
}  # fmt: skip
_DIVERGED_LINE: dict[str, Any] = {"color": _DIVERGED, "linewidth": 3, "alpha": 0.6}


def learning(sheet: Sheet, history: Mapping[str, Any]) -> Figure:
    """A sheet of panels over epochs.

    Args:
        sheet: one panel or more.
        history: the content of `history.json`, with one row or more.
    """
    figure, grid = panels(len(sheet.panels))
    rows = history["history"]
    scales = [
        series.scale(panel.metric, (series.values_of(rows, column) for column in panel.columns.values()))
        for panel in sheet.panels
    ]
    for axes, panel, scale in zip(grid, sheet.panels, scales, strict=True):
        _panel(axes, panel, scale, history)
    if all(scale.is_proportion for scale in scales):  # percent and percent are compared by eye
        low, high = (pick(axes.get_ylim()[end] for axes in grid) for end, pick in ((0, min), (1, max)))
        for axes in grid:
            axes.set_ylim(low, high)
    shown = {part for panel in sheet.panels for part in panel.columns}
    legend_below(figure, [*_parts(shown), *_events(history)])
    return figure


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, at most three in a row."""
    across = 2 if count == 4 else min(3, count)
    down = -(-count // across)
    width = WIDTH if across > 1 else 0.75 * WIDTH
    height = {1: 3.3, 2: 2.9, 3: 2.4}[across]
    figure = Figure(figsize=(width, height * down))
    grid = list(figure.subplots(down, across, squeeze=False).flat)
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def draw_line(
    axes: Axes, line: series.Line, look: Look, marked: np.ndarray, zorder: float, fill: str | None = None
) -> None:
    """A line with its markers, and a band where a point stands for several epochs.

    Args:
        marked: points with a marker, (points,) of bool.
        zorder: what is higher hides what is lower.
        fill: colour inside the markers; the line's own if None.
    """
    axes.plot(
        line.epochs, line.values, color=look.colour, linestyle=look.line, linewidth=1.6, marker=look.marker,
        markersize=4, markerfacecolor=fill or look.colour, markevery=marked, zorder=zorder,
    )  # fmt: skip
    if line.step > 1:
        axes.fill_between(
            line.epochs, line.low, line.high, color=look.colour, alpha=0.18, linewidth=0, zorder=zorder - 1
        )


def _panel(axes: Axes, panel: Panel, scale: Scale, history: Mapping[str, Any]) -> None:
    rows, best = history["history"], history["best_epoch"]
    lines = {part: series.line(rows, column, scale.factor) for part, column in panel.columns.items()}
    if _diverged(history):
        axes.axvline(rows[-1]["epoch"], **_DIVERGED_LINE, zorder=1)
    if best is not None:
        axes.axvline(best, **_BEST_LINE, zorder=1)
    for part, line in lines.items():
        front = 3.5 if part == "validation" else 3
        draw_line(axes, line, _LOOKS[part], line.markers(), front, fill=_fill(part))
    value_axis(axes, scale, series.shown(lines.values()))
    epoch_axis(axes, rows[-1]["epoch"], series.said(max(line.step for line in lines.values())))
    if best is not None:
        column = panel.columns.get("validation") or next(iter(panel.columns.values()))
        value = scale.factor * series.values_of([row for row in rows if row["epoch"] == best], column)
        axes.plot(np.full(len(value), best), value, linestyle="", **_BEST_MARK, zorder=5, clip_on=False)


def _fill(part: str) -> str | None:
    """Markers of training are hollow: a print in grey shows which line is which."""
    return "white" if part == "training" else None


def _parts(shown: set[str]) -> list[Artist]:
    """What the lines are."""
    return [
        Line2D([], [], color=_LOOKS[part].colour, linewidth=1.6, marker="o", markersize=4,
               markerfacecolor=_fill(part) or _LOOKS[part].colour, label=part)
        for part in ("training", "validation") if part in shown
    ]  # fmt: skip


def _events(history: Mapping[str, Any]) -> list[Artist]:
    """What the vertical lines are."""
    found: list[Artist] = []
    if (best := history["best_epoch"]) is not None:
        label = f"best epoch: {best} ({_best_value(history)})"
        found.append(Line2D([], [], **(_BEST_LINE | _BEST_MARK), label=label))
    if _diverged(history):
        found.append(Line2D([], [], **_DIVERGED_LINE, label=history["status"]))
    return found


def _best_value(history: Mapping[str, Any]) -> str:
    """The monitored quantity and its best value: `validation loss 0.123`."""
    monitor = history["monitor"]
    scale = series.scale(monitor, [series.values_of(history["history"], monitor)])
    return f"{scale.metric} {scale.value(history['best_value'])}"


def _diverged(history: Mapping[str, Any]) -> bool:
    """Whether the run ended because its loss was not finite, which its last row shows."""
    return str(history["status"]).startswith("diverged")
