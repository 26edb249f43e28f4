"""Several runs in one plot: a panel a quantity, a line a run.

Called within `assay.report.style.sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from assay.plots import series
from assay.plots.curves import draw_line, panels
from assay.report.axes import epoch_axis, legend_below, value_axis
from assay.report.style import looks


def several(runs: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> Figure:
    """A sheet of panels over epochs.

    Args:
        runs: label → the content of its `history.json`; one or more.
        columns: of the histories, one or more; a run that lacks one has no line there.
    """
    figure, grid = panels(len(columns))
    look = looks(list(runs), next(iter(runs)))
    last = max(run["history"][-1]["epoch"] for run in runs.values())
    for axes, column in zip(grid, columns, strict=True):
        everything = (series.values_of(run["history"], column) for run in runs.values())
        scale = series.scale(column, everything)
        lines = {label: series.line(run["history"], column, scale.factor) for label, run in runs.items()}
        for place, (label, line) in enumerate(lines.items()):
            share = place / len(lines)
            draw_line(axes, line, look[label], line.markers(few=0, start=share), zorder=3 + share)
        value_axis(axes, scale, series.shown(lines.values()))
        epoch_axis(axes, last, series.said(max(line.step for line in lines.values())))
    handles = [
        Line2D([], [], color=look[label].colour, linestyle=look[label].line, linewidth=1.6,
               marker=look[label].marker, markersize=4, label=_described(label, run))
        for label, run in runs.items()
    ]  # fmt: skip
    legend_below(figure, handles)
    return figure


def _described(label: str, run: Mapping[str, Any]) -> str:
    """The run's label, and in which epoch it diverged if it did."""
    return label if run["status"] == "finished" else f"{label} ({run['status']})"
