"""The figures of the comparisons: differences from the baseline, and every seed's value.

Functions take numbers and return a figure; they are called within `assay.report.style.sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from assay.report.numbers import Scale, equation
from assay.report.style import FAINT, GREY, WIDTH, Look, wrap
from assay.report.verdict import MARKS


def differences(
    compared: Mapping[str, Any], scale: Scale, looks: Mapping[str, Look]
) -> Figure:
    """A forest plot: a row a variant; each seed's paired difference, their mean and its interval.

    Args:
        compared: as in `comparisons.json`, with one comparison or more.
    """
    comparisons, baseline = compared["comparisons"], compared["baseline"]
    names = [wrap(c["variant"], 26) for c in comparisons]
    lines = max(name.count("\n") + 1 for name in names)
    row = max(0.62, 0.18 * lines + 0.2)
    figure = Figure(figsize=(WIDTH, 1.0 + row * len(comparisons)))
    axes = figure.subplots()
    axes.axvline(0, color="black", linewidth=1, zorder=1)
    for place, comparison in enumerate(comparisons):
        _forest_row(axes, place, comparison, scale.factor, looks[comparison["variant"]])
    axes.margins(x=0.06)
    low, high = axes.get_xlim()
    reach = 0.04 * (high - low)
    axes.set_xlim(min(low, -reach), max(high, reach))
    axes.set_ylim(len(comparisons) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(_difference_label(scale, compared["higher_is_better"]))
    top = axes.secondary_xaxis("top")
    top.set_xticks([0], [wrap(f"{baseline} (baseline)", 40)])
    top.spines["top"].set_visible(False)
    right = axes.secondary_yaxis("right")
    right.set_yticks(range(len(names)), [_outcome(c, scale, compared["alpha"]) for c in comparisons])
    right.spines["right"].set_visible(False)
    right.tick_params(length=0)
    return figure


def _forest_row(axes: Axes, place: int, comparison: Mapping[str, Any], factor: int, look: Look) -> None:
    if place:
        axes.axhline(place - 0.5, color=FAINT, linewidth=0.6)
    values = [factor * value for value in comparison["differences"]]
    x, step = _stacked(values)
    axes.scatter(
        x, [place + 0.1 + min(0.07, 0.3 / max(1, *step, 1)) * s for s in step] if x else [],
        s=17, color=look.colour, alpha=0.55, linewidths=0, zorder=3,
    )  # fmt: skip
    if comparison["mean_difference"] is None:
        return
    mean = factor * comparison["mean_difference"]
    if comparison["ci_low"] is not None:
        ends = [factor * comparison["ci_low"], factor * comparison["ci_high"]]
        axes.plot(ends, [place - 0.14] * 2, color=look.colour, linewidth=2.4, solid_capstyle="butt")
    axes.plot(mean, place - 0.14, "D", color=look.colour, markersize=7, markeredgecolor="white", zorder=4)


def _stacked(values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Values in order, and how many near ones each stands below, so that no dot hides another."""
    ordered = sorted(values)
    near = (ordered[-1] - ordered[0]) / 60 if ordered else 0.0
    steps: list[int] = []
    for place, value in enumerate(ordered):
        taken = {steps[i] for i in range(place) if value - ordered[i] <= near}
        steps.append(next(step for step in range(place + 1) if step not in taken))
    return ordered, steps


def _difference_label(scale: Scale, higher_is_better: bool) -> str:
    unit = " (percentage points)" if scale.is_proportion else ""
    text = f"difference in {scale.metric}{unit}"
    text = f"{text}   better →" if higher_is_better else f"← better   {text}"
    return wrap(text, 90)


def _outcome(comparison: Mapping[str, Any], scale: Scale, alpha: float) -> str:
    verdict = f"{MARKS[comparison['verdict']]} {comparison['verdict']}"
    p = equation(comparison["p_adjusted"], alpha)
    estimate = f"{scale.difference(comparison)} {scale.interval(comparison)}"
    return f"{estimate}\n{verdict}{', ' if p else ''}{p}"


def seeds(
    values: Mapping[str, Mapping[int, float]],
    baseline: str,
    scale: Scale,
    higher_is_better: bool,
    looks: Mapping[str, Look],
) -> Figure:
    """Every seed's value: a panel a variant, where lines join the runs that share a seed.

    Args:
        values: variant → seed → value, of the runs that finished.
    """
    others: list[str | None] = [name for name in values if name != baseline] or [None]
    columns = min(4, len(others))
    rows = -(-len(others) // columns)
    lines = max(wrap(name, 14).count("\n") for name in values) + 1
    width = min(WIDTH, 1.4 + 2.0 * columns)
    figure = Figure(figsize=(width, rows * (2.5 + 0.17 * lines) + 0.2))
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).flat
    for axes, name in zip(grid, others, strict=False):
        _panel(axes, values, baseline, name, scale.factor, higher_is_better, looks)
    for axes in list(grid)[len(others) :]:
        axes.set_visible(False)
    figure.supylabel(scale.axis, fontsize=9.5)
    return figure


def _panel(
    axes: Axes,
    values: Mapping[str, Mapping[int, float]],
    baseline: str,
    other: str | None,
    factor: int,
    higher_is_better: bool,
    looks: Mapping[str, Look],
) -> None:
    shown = [baseline] if other is None else [baseline, other]
    first, second = (values[shown[0]], values[shown[-1]])
    pairs = sorted(set(first) & set(second)) if other else []
    wins = 0
    for seed in pairs:
        gain = second[seed] - first[seed]
        better = gain > 0 if higher_is_better else gain < 0
        wins += better
        axes.plot(
            [0, 1], [factor * first[seed], factor * second[seed]], zorder=1,
            color=looks[shown[1]].colour if better else GREY,
            linestyle="-" if better else (0, (2, 2)), linewidth=1, alpha=0.75,
        )  # fmt: skip
    for x, name in enumerate(shown):
        _dots(axes, x, values[name], pairs if other else list(values[name]), factor, looks[name])
    axes.set_xlim(-0.45, len(shown) - 0.55)
    labels = [f"{wrap(name, 14)}\nn = {len(values[name])}" for name in shown]
    axes.set_xticks(range(len(shown)), labels)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="y")
    if other is not None:
        axes.set_title(f"better in {wins} of {len(pairs)}" if pairs else "no pair")


def _dots(
    axes: Axes, x: int, values: Mapping[int, float], paired: list[int], factor: int, look: Look
) -> None:
    """A column of values, hollow where a seed has no partner, and its mean beside it."""
    for seed, value in values.items():
        fill = look.colour if seed in paired else "white"
        axes.plot(
            x, factor * value, look.marker, color=fill, markeredgecolor=look.colour, markersize=4.5, zorder=3
        )
    if values:
        side = x + (0.2 if x else -0.2)
        mean = factor * sum(values.values()) / len(values)
        axes.plot([side - 0.09, side + 0.09], [mean] * 2, color=look.colour, linewidth=2.6, zorder=4)
