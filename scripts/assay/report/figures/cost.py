"""The figure of costs: what a variant reaches, and the time it takes to train."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from assay.notation import Scale
from assay.report.axes import legend_below, linear_ticks, logarithmic
from assay.report.figures.means import interval
from assay.report.figures.rows import limits
from assay.report.style import PAPER, Look

_UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))


def cost(
    values: Mapping[str, Mapping[int, float]],
    seconds: Mapping[str, Mapping[int, float]],
    scale: Scale,
    alpha: float,
    looks: Mapping[str, Look],
) -> Figure:
    """A marker a variant at its mean time and mean value, with their intervals; a dot a run.

    Args:
        values: variant → seed → value, of the runs that finished.
        seconds: variant → seed → what the run took to train; positive. One run or more has both.
        alpha: intervals cover the means with probability 1 - alpha.
    """
    longest = max(value for arm in seconds.values() for value in arm.values())
    unit, length = next((u for u in _UNITS if longest >= 1.5 * u[1]), _UNITS[-1])
    figure = Figure(figsize=(6.4, 3.5))
    axes = figure.subplots()
    within = (0.0, 100.0) if scale.is_proportion else (-math.inf, math.inf)
    handles: list[Artist] = []
    every_x: list[float] = []
    every_y: list[float] = []
    x_ends: list[float] = []
    y_ends: list[float] = []
    for name, look in looks.items():
        both = [seed for seed in values.get(name, {}) if seed in seconds.get(name, {})]
        if not both:
            continue
        x = [seconds[name][seed] / length for seed in both]
        y = [scale.factor * values[name][seed] for seed in both]
        center = (sum(x) / len(x), sum(y) / len(y))
        axes.scatter(x, y, s=12, color=look.colour, alpha=0.35, linewidths=0, zorder=2)
        bar: dict[str, Any] = {"color": look.colour, "linewidth": 1.8, "solid_capstyle": "butt", "zorder": 3}
        if (ends := interval(x, alpha, (0.0, math.inf))) is not None:
            axes.plot(ends, [center[1], center[1]], **bar)
            x_ends += ends
        if (ends := interval(y, alpha, within)) is not None:
            axes.plot([center[0], center[0]], ends, **bar)
            y_ends += ends
        mark: dict[str, Any] = {
            "color": look.colour, "marker": look.marker, "markersize": 8, "markeredgecolor": PAPER,
            "linestyle": "",
        }  # fmt: skip
        axes.plot(*center, **mark, zorder=4)
        handles.append(Line2D([], [], **mark, label=f"{name} (n = {len(both)})"))
        every_x += x
        every_y += y
    said = logarithmic(axes.xaxis, np.array(every_x))
    if not said:
        axes.set_xlim(limits(every_x, x_ends, 0.5))
        linear_ticks(axes.xaxis, *axes.get_xlim())
    axes.set_ylim(limits(every_y, y_ends, 0.5))
    linear_ticks(axes.yaxis, *axes.get_ylim())
    axes.set_xlabel(f"time to train a run ({unit}{said})")
    axes.set_ylabel(scale.axis)
    axes.grid()
    legend_below(figure, handles)
    return figure
