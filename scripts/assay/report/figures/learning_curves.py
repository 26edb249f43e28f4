"""The figure of learning: how variants came to where they are, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from assay.notation import Scale
from assay.report.axes import epoch_axis, legend_below, value_axis
from assay.report.figures.means import student
from assay.report.histories import History, counts, points, values_of
from assay.report.style import WIDTH, Look

BAND_FROM = 5
"""Runs of every variant from which on a band stands for them; fewer are drawn as lines of their own."""
_LONG, _POINTS = 400, 200
"""Epochs from which on a point stands for several of them, and how many points there are then, at least."""


@dataclass(frozen=True)
class Curve:
    """One quantity of one variant, (points,) each."""

    epochs: np.ndarray
    runs: np.ndarray
    """(runs, points); NaN where a run has no value."""

    @property
    def mean(self) -> np.ndarray:
        """Over the runs that have a value; NaN where none has."""
        there = np.isfinite(self.runs)
        total = np.where(there, self.runs, 0).sum(0)
        return np.where(there.any(0), total / np.maximum(there.sum(0), 1), np.nan)

    @property
    def is_whole(self) -> np.ndarray:
        """Where all runs have a value, (points,) of bool."""
        whole: np.ndarray = np.isfinite(self.runs).all(0)
        return whole

    def half_width(self, alpha: float) -> np.ndarray:
        """Of the interval of the mean, NaN where a run has no value."""
        n = len(self.runs)
        width: np.ndarray = student(n, alpha) * self.runs.std(0, ddof=1) / np.sqrt(n)
        return width


def shown(histories: Sequence[History], scale: Scale) -> list[Scale]:
    """What to draw: the validation values of the metric that decides and of the loss, else accuracy.

    Args:
        scale: of the metric that decides.
    """
    chosen = f"val_{scale.metric.removeprefix('val_')}"
    columns = dict.fromkeys([chosen, "val_loss", "val_accuracy"])
    values = {name: values_of(histories, name) for name in columns}
    there = [name for name, found in values.items() if len(found)]
    return [
        Scale(chosen, scale.is_proportion) if name == chosen else Scale.by_name(name, values[name])
        for name in there[:2]
    ]


def has_bands(histories: Sequence[History]) -> bool:
    """Whether runs are shown as bands, not as lines: where every variant has enough of them."""
    return all(n >= BAND_FROM for n in counts(histories).values())


def learning_curves(
    histories: Sequence[History], scales: Sequence[Scale], alpha: float, looks: Mapping[str, Look]
) -> Figure:
    """A panel a quantity: each variant's mean over seeds, and its interval or, of few, its runs.

    Args:
        histories: of the runs to show, one or more.
        scales: the quantities to show, one or more.
        alpha: bands cover the mean with probability 1 - alpha.
    """
    runs = {name: [run for run in histories if run.variant == name] for name in counts(histories)}
    names = [name for name in looks if name in runs]
    last = max(int(run.epochs.max()) for run in histories)
    step = 1 if last <= _LONG else last // _POINTS
    figure = Figure(figsize=(WIDTH if len(scales) > 1 else 0.75 * WIDTH, 3.1))
    bands = has_bands(histories)
    for axes, scale in zip(figure.subplots(1, len(scales), squeeze=False).flat, scales, strict=True):
        curves = {name: _curve(runs[name], scale, step) for name in names}
        values = [c.mean if bands else c.runs.ravel() for c in curves.values()]
        value_axis(axes, scale, np.concatenate(values))
        for place, (name, curve) in enumerate(curves.items()):
            _draw(axes, curve, looks[name], scale, alpha if bands else None, place / len(names))
        epoch_axis(axes, last, f"epoch (means over {step})" if step > 1 else "epoch")
    legend_below(
        figure,
        [
            Line2D([], [], color=looks[name].colour, linestyle=looks[name].line, linewidth=1.6,
                   marker=looks[name].marker, markersize=4.5, label=f"{name} (n = {len(runs[name])})")
            for name in names
        ],
    )  # fmt: skip
    return figure


def _curve(runs: Sequence[History], scale: Scale, step: int) -> Curve:
    """A variant's runs side by side, values multiplied by the scale's factor, means over `step` epochs."""
    epochs, values = points(runs, scale.metric, step)
    return Curve(epochs, scale.factor * values)


def _draw(axes: Axes, curve: Curve, look: Look, scale: Scale, alpha: float | None, share: float) -> None:
    """The mean, thin where runs have ended, and its band, or the runs if there is no `alpha` for it."""
    mean, points = curve.mean, len(curve.epochs)
    every = max(1, points // 6)
    marked = np.arange(points) % every == int(share * every)
    if alpha is None:
        for run in curve.runs:
            axes.plot(curve.epochs, run, color=look.colour, linewidth=0.7, alpha=0.4, zorder=2)
    else:
        half = curve.half_width(alpha)
        low, high = mean - half, mean + half
        if axes.get_yscale() == "log":
            low = np.maximum(low, np.nanmin(np.where(mean > 0, mean, np.nan)) / 2)
        if scale.is_proportion:
            low, high = np.clip(low, 0, 100), np.clip(high, 0, 100)
        axes.fill_between(curve.epochs, low, high, color=look.colour, alpha=0.18, linewidth=0, zorder=2)
    axes.plot(curve.epochs, mean, color=look.colour, linewidth=0.8, linestyle=look.line, zorder=3)
    axes.plot(
        curve.epochs, np.where(curve.is_whole, mean, np.nan), color=look.colour, linestyle=look.line,
        linewidth=1.6, marker=look.marker, markersize=4.5, markevery=marked, zorder=3 + share,
    )  # fmt: skip
