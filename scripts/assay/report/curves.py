"""The figure of learning: how variants came to where they are, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from assay.notation import Scale
from assay.report.style import WIDTH, Look, wrap

_LOG_FROM = 10.0
"""A positive quantity whose means span more than this factor is drawn on a logarithmic axis."""


def shown(histories: pd.DataFrame, scale: Scale) -> list[Scale]:
    """What to draw: the validation values of the metric that decides and of the loss, else accuracy.

    Args:
        scale: of the metric that decides.
    """
    chosen = f"val_{scale.metric.removeprefix('val_')}"
    columns = dict.fromkeys([chosen, "val_loss", "val_accuracy"])
    there = [name for name in columns if name in histories and histories[name].notna().any()]
    return [
        Scale(chosen, scale.is_proportion)
        if name == chosen
        else Scale.by_name(name, histories[name].dropna())
        for name in there[:2]
    ]


def learning(histories: pd.DataFrame, scales: Sequence[Scale], looks: Mapping[str, Look]) -> Figure:
    """A panel a quantity: each variant's mean over seeds, and a band of one standard deviation.

    Args:
        histories: columns variant, epoch and those to show; a row an epoch of a run.
        scales: the columns to show, one or more.
    """
    names = [name for name in looks if (histories["variant"] == name).any()]
    labels = [wrap(name, 40) for name in names]
    longest = max((len(line) for label in labels for line in label.split("\n")), default=1)
    across = max(1, min(len(names), 88 // (longest + 7)))
    lines = sum(label.count("\n") + 1 for label in labels) / across
    figure = Figure(figsize=(WIDTH, 3.0 + 0.2 * lines))
    for axes, scale in zip(figure.subplots(1, len(scales), squeeze=False).flat, scales, strict=True):
        _panel(axes, histories, scale, looks, names)
    handles = figure.axes[0].get_lines()
    figure.legend(handles, labels, loc="outside lower center", ncols=across, handlelength=4)
    return figure


def _panel(
    axes: Axes, histories: pd.DataFrame, scale: Scale, looks: Mapping[str, Look], names: Sequence[str]
) -> None:
    by_epoch = histories.groupby(["variant", "epoch"])[scale.metric].agg(["mean", "std"]) * scale.factor
    means = by_epoch["mean"].dropna()
    spans = len(means) > 0 and means.min() > 0 and means.max() / means.min() > _LOG_FROM
    for place, name in enumerate(names):
        rows, look = by_epoch.loc[name], looks[name]
        step = max(1, len(rows) // 6)
        axes.plot(
            rows.index, rows["mean"], color=look.colour, linestyle=look.line, linewidth=1.6,
            marker=look.marker, markersize=4.5, markevery=(place * step // max(1, len(names)), step),
            zorder=3,
        )  # fmt: skip
        low = rows["mean"] - rows["std"]
        if spans:
            low = low.clip(lower=means.min() / 2)
        high = rows["mean"] + rows["std"]
        axes.fill_between(rows.index, low, high, color=look.colour, alpha=0.18, linewidth=0, zorder=2)
    if spans:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("epoch")
    axes.set_ylabel(scale.axis + (", logarithmic" if spans else ""))
    axes.set_xlim(0.5, histories["epoch"].max() + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axes.grid()
