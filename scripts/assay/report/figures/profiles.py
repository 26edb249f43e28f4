"""Performance profiles: which share of each variant's runs, over all data sets, scores above a threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter

from assay.report.axes import legend_below
from assay.report.style import WIDTH, Look

_MOST_BANDS, _LEAST_RUNS = 4, 5
"""Profiles have their bands for up to so many variants, more would hide each other, with so many runs or more
on every data set, fewer say nothing of other runs."""


def profiles(found: Mapping[str, Any], looks: Mapping[str, Look]) -> Figure:
    """A curve a variant: the share of its runs with a higher score than each threshold."""
    scores = {item["variant"]: item["score"] for item in found["variants"]}
    drawn = sorted(found["profiles"]["variants"], key=lambda item: -float(scores[item["variant"]]))
    thresholds = found["profiles"]["thresholds"]
    figure = Figure(figsize=(WIDTH, 3.7))
    axes = figure.subplots()
    least = min(cell["n"] + cell["failed"] for row in found["datasets"] for cell in row["cells"])
    has_bands = len(drawn) <= _MOST_BANDS and least >= _LEAST_RUNS
    handles = []
    for item in drawn:
        look = looks[item["variant"]]
        if has_bands:
            axes.fill_between(
                thresholds, item["low"], item["high"], step="post", color=look.colour, alpha=0.1,
                linewidth=0, zorder=2,
            )  # fmt: skip
        handles += axes.plot(
            thresholds, item["shares"], drawstyle="steps-post", color=look.colour, linestyle=look.line,
            linewidth=1.7, zorder=3, label=f"{item['variant']} (mean {scores[item['variant']]:.2f})",
        )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.xaxis.set_major_locator(MultipleLocator(0.2))
    axes.grid()
    axes.set_xlabel("score τ: 0 is the worst run of a data set, 1 its best")
    axes.set_ylabel("runs with a score above τ")
    legend_below(figure, handles)
    return figure
