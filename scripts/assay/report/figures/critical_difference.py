"""The critical-difference diagram: average ranks over data sets, and which of them cannot be told apart.

Source: J. Demšar (2006), Journal of Machine Learning Research 7, 1-30, figure 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from assay.notation import equation, metric_label
from assay.report.style import GREY, INK, PAPER, WIDTH, Look, wrap
from assay.words import counted

_NAME = 24
"""Characters of a name before it is wrapped."""
_ROOM = 0.62
"""Inches between the names and the axis, for the average ranks."""


def critical_difference(found: Mapping[str, Any], looks: Mapping[str, Look]) -> Figure:
    """Average ranks on a line, the best to the left; bars join variants that cannot be told apart.

    All places are in inches from the figure's lower left corner.
    """
    order = sorted(found["variants"], key=lambda item: float(item["average_rank"]))
    half = (len(order) + 1) // 2
    sides = order[:half], order[half:][::-1]
    labels = {item["variant"]: _label(item["variant"], found["baseline"]) for item in order}
    widths = [max(_width(labels[item["variant"]]) for item in side) + 0.3 for side in sides]
    left, right = widths[0] + _ROOM, WIDTH - widths[1] - _ROOM
    lines = {name: label.count("\n") + 1 for name, label in labels.items()}
    bars = _levels(found["groups"], [item["variant"] for item in order])
    depth = 0.22 + 0.15 * (max(bars, default=-1) + 1)
    has_cd = found["critical_difference"] is not None
    top = 0.62 + (0.42 if has_cd else 0.0)
    drops = [_drops([lines[item["variant"]] for item in side]) for side in sides]
    last = max(drop[-1] + 0.08 * lines[side[-1]["variant"]] for drop, side in zip(drops, sides, strict=True))
    height = top + depth + last + 0.52
    figure = Figure(figsize=(WIDTH, height))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, height))
    axes.axis("off")
    line = height - top
    inch = (right - left) / (len(order) - 1)
    places = {item["variant"]: left + inch * (item["average_rank"] - 1) for item in order}
    _scale(axes, found, line, [left + inch * rank for rank in range(len(order))])
    if has_cd:
        _distance(axes, found["critical_difference"], left, inch, line + 0.68)
    for side, drop, edge, ha in zip(
        sides, drops, (widths[0], WIDTH - widths[1]), ("right", "left"), strict=True
    ):
        for item, down in zip(side, drop, strict=True):
            name, y = item["variant"], line - depth - down
            _stem(axes, (places[name], line), (edge, y), looks[name], item["average_rank"])
            outside = edge - 0.12 if ha == "right" else edge + 0.12
            axes.text(outside, y, labels[name], va="center", ha=ha)
    for group, level in zip(found["groups"], bars, strict=True):
        ends = [places[group[0]] - 0.03, places[group[-1]] + 0.03]
        y = line - 0.17 - 0.15 * level
        axes.plot(ends, [y, y], color=INK, linewidth=4, solid_capstyle="butt", zorder=5)
    axes.text(WIDTH / 2, 0.15, _reading(found), ha="center", va="center", color=GREY, fontsize=8.5)
    return figure


def _scale(axes: Axes, found: Mapping[str, Any], y: float, ticks: Sequence[float]) -> None:
    axes.plot([ticks[0], ticks[-1]], [y, y], color=GREY, linewidth=1)
    for rank, x in enumerate(ticks, 1):
        axes.plot([x, x], [y, y + 0.07], color=GREY, linewidth=1)
        axes.text(x, y + 0.11, str(rank), ha="center", va="bottom", fontsize=9)
    n = counted(len(found["datasets"]), "data set")
    text = f"← better{3 * chr(0xA0)}average rank in {metric_label(found['metric'])} over {n}"
    axes.text((ticks[0] + ticks[-1]) / 2, y + 0.34, text, ha="center", va="bottom")


def _distance(axes: Axes, distance: float, left: float, inch: float, y: float) -> None:
    """The critical difference, as long as it is on the scale of ranks."""
    ends = [left, left + inch * distance]
    axes.plot(ends, [y, y], color=INK, linewidth=1.6)
    for end in ends:
        axes.plot([end, end], [y - 0.05, y + 0.05], color=INK, linewidth=1.6)
    axes.text(sum(ends) / 2, y + 0.07, f"critical difference {distance:.2f}", ha="center", va="bottom")


def _stem(
    axes: Axes, rank: tuple[float, float], label: tuple[float, float], look: Look, average: float
) -> None:
    """From a variant's average rank on the axis down and out to its name."""
    axes.plot(
        [rank[0], rank[0], label[0]],
        [rank[1], label[1], label[1]],
        color=look.colour,
        linewidth=1.3,
        zorder=2,
    )
    axes.plot(
        *rank, "o", color=look.colour, markersize=5, markeredgecolor=PAPER, markeredgewidth=0.6, zorder=6
    )
    axes.plot(
        *label, look.marker, color=look.colour, markersize=7, markeredgecolor=PAPER, markeredgewidth=0.6,
        zorder=6,
    )  # fmt: skip
    inside = 0.1 if label[0] < rank[0] else -0.1
    axes.text(
        label[0] + inside, label[1] + 0.03, f"{average:.2f}", va="bottom",
        ha="left" if inside > 0 else "right", color=GREY, fontsize=8.5,
    )  # fmt: skip


def _drops(lines: Sequence[int]) -> list[float]:
    """How far below the first each name stands, so that names of so many lines keep apart."""
    found = [0.04 * (lines[0] - 1)]
    for above, below in pairwise(lines):
        found.append(found[-1] + 0.2 + 0.08 * (above + below))
    return found


def _levels(groups: Sequence[Sequence[str]], order: Sequence[str]) -> list[int]:
    """For each bar, the highest row in which no earlier one is in its way."""
    taken: list[int] = []  # the last place of each row
    found = []
    for group in groups:
        first, last = order.index(group[0]), order.index(group[-1])
        level = next((row for row, end in enumerate(taken) if end < first), len(taken))
        taken[level : level + 1] = [last]
        found.append(level)
    return found


def _reading(found: Mapping[str, Any]) -> str:
    """How to read the bars."""
    if found["status"] == "n_datasets_lt_2":
        return "one data set: there is no test of the ranks"
    if found["status"] == "two_variants":
        test = f"Wilcoxon, {equation(found['two_variants']['p_wilcoxon'], found['alpha'])}"
    elif found["friedman"] is None or found["friedman"]["p"] > found["alpha"]:
        p = found["friedman"] and equation(found["friedman"]["p"], found["alpha"])
        test = f"Friedman, {p}" if p else "all tie on every data set"
    else:
        test = f"{'Nemenyi' if found['design'] == 'all_pairs' else 'Holm'}, α = {found['alpha']:g}"
    if not found["groups"] and len(found["variants"]) == 2:
        return f"the two can be told apart ({test})"
    if not found["groups"]:
        return f"no two are joined: all can be told apart ({test})"
    told = "variants that cannot be told apart"
    if found["design"] == "baseline" and found["status"] == "ok" and "Holm" in test:
        told = f"what cannot be told from {found['baseline']}"
    return f"a bar joins {told} ({test})"


def _label(name: str, baseline: str) -> str:
    return wrap(f"{name} (baseline)" if name == baseline else name, _NAME)


def _width(label: str) -> float:
    """Inches, of a label of one line or several."""
    return max(float(TextPath((0, 0), line, size=9.5).get_extents().width) / 72 for line in label.split("\n"))
