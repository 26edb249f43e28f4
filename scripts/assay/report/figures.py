"""The figures of the comparisons: differences from the baseline, and every seed's value.

Functions take numbers and return a figure; they are called within `assay.report.style.sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from assay.notation import Scale, equation
from assay.report.style import FAINT, GREY, WIDTH, Look, wrap
from assay.report.verdict import MARKS


def differences(compared: Mapping[str, Any], scale: Scale, looks: Mapping[str, Look]) -> Figure:
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
    steps = _steps(values)
    apart = min(0.085, 0.3 / max(1, *steps, 1))
    axes.scatter(
        values, [place + 0.1 + apart * step for step in steps],
        s=17, color=look.colour, alpha=0.55, linewidths=0, zorder=3,
    )  # fmt: skip
    if comparison["mean_difference"] is None:
        return
    mean = factor * comparison["mean_difference"]
    if comparison["ci_low"] is not None:
        ends = [factor * comparison["ci_low"], factor * comparison["ci_high"]]
        axes.plot(ends, [place - 0.14] * 2, color=look.colour, linewidth=2.4, solid_capstyle="butt")
    axes.plot(mean, place - 0.14, "D", color=look.colour, markersize=7, markeredgecolor="white", zorder=4)


def _steps(values: Sequence[float]) -> list[int]:
    """For each value, by how many places it must step aside so that no near one hides it."""
    near = (max(values) - min(values)) / 60 if values else 0.0
    steps: dict[int, int] = {}
    for place in sorted(range(len(values)), key=values.__getitem__):
        taken = {step for other, step in steps.items() if values[place] - values[other] <= near}
        steps[place] = next(step for step in range(len(values)) if step not in taken)
    return [steps[place] for place in range(len(values))]


def _difference_label(scale: Scale, higher_is_better: bool) -> str:
    unit = " (percentage points)" if scale.is_proportion else ""
    text = f"difference in {scale.metric}{unit}"
    gap = 3 * "\N{NO-BREAK SPACE}"
    return f"{text}{gap}better →" if higher_is_better else f"← better{gap}{text}"


def _outcome(comparison: Mapping[str, Any], scale: Scale, alpha: float) -> str:
    verdict = f"{MARKS[comparison['verdict']]} {comparison['verdict']}"
    if comparison["mean_difference"] is None:
        return f"no pair\n{verdict}"
    if comparison["ci_low"] is None:
        return f"{scale.difference(comparison)}\n{verdict}"
    estimate = f"{scale.difference(comparison)} {scale.interval(comparison)}"
    return f"{estimate}\n{verdict}, {equation(comparison['p_adjusted'], alpha)}"


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
    width = min(WIDTH, 1.2 + 2.2 * columns)
    figure = Figure(figsize=(width, rows * (2.5 + 0.17 * lines) + 0.2))
    grid = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    for axes, name in zip(grid, others, strict=False):
        _panel(axes, values, baseline, name, scale.factor, higher_is_better, looks)
    for axes in grid[len(others) :]:
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
    columns = [{seed: factor * value for seed, value in values[name].items()} for name in shown]
    pairs = sorted(set(columns[0]) & set(columns[-1]))
    dots = [
        _dots(axes, x, column, pairs, looks[name])
        for x, (name, column) in enumerate(zip(shown, columns, strict=True))
    ]
    wins = 0
    for seed in pairs if other else []:
        gain = columns[1][seed] - columns[0][seed]
        better = gain > 0 if higher_is_better else gain < 0
        wins += better
        axes.plot(
            [dots[0][seed], dots[1][seed]], [columns[0][seed], columns[1][seed]], zorder=1,
            color=looks[shown[1]].colour if better else GREY,
            linestyle="-" if better else (0, (2, 2)), linewidth=1, alpha=0.75,
        )  # fmt: skip
    axes.set_xlim(-0.5, len(shown) - 0.5)
    labels = [f"{wrap(name, 14)}\nn = {len(values[name])}" for name in shown]
    axes.set_xticks(range(len(shown)), labels)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="y")
    if other is not None:
        axes.set_title(f"better in {wins} of {len(pairs)}" if pairs else "no pair")


def _dots(
    axes: Axes, x: int, values: Mapping[int, float], paired: Sequence[int], look: Look
) -> dict[int, float]:
    """A column of values, hollow where a seed has no partner, and their mean beside it; seed → place."""
    steps = dict(zip(values, _steps(list(values.values())), strict=True))
    side = 1 if x else -1
    places = {
        seed: x + side * min(0.05, 0.2 / max(1, *steps.values())) * step for seed, step in steps.items()
    }
    for fill, seeds_shown in ((look.colour, paired), ("white", sorted(set(values) - set(paired)))):
        axes.plot(
            [places[seed] for seed in seeds_shown], [values[seed] for seed in seeds_shown], look.marker,
            markersize=4.5, markerfacecolor=fill, markeredgecolor=look.colour, zorder=3,
        )  # fmt: skip
    if values:
        mean = sum(values.values()) / len(values)
        ends = [x + side * 0.24, x + side * 0.4]
        axes.plot(ends, [mean, mean], color=look.colour, linewidth=2.6, solid_capstyle="butt", zorder=4)
    return places
