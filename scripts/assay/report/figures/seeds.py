"""The figure of the pairs: every seed as a line between the arms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from assay.notation import Scale
from assay.report.axes import linear_ticks
from assay.report.figures.rows import aside
from assay.report.style import GREY, PAPER, WIDTH, Look, wrap

Values = Mapping[int, float]
"""Seed → value."""
_SIDE = 0.7
"""Room beside a column, where columns are 1 apart."""
_COUNTED_FROM = 16
"""Equal values of a column from which on their number stands beside them."""


def seeds(
    values: Mapping[str, Values],
    baseline: str,
    scale: Scale,
    higher_is_better: bool,
    looks: Mapping[str, Look],
) -> Figure:
    """Every seed's value: a panel a variant, where lines join the runs that share a seed.

    Args:
        values: variant → seed → value, of the runs that finished; one value or more.
    """
    scaled = {name: {s: scale.factor * v for s, v in arm.items()} for name, arm in values.items()}
    everything = [value for arm in scaled.values() for value in arm.values()]
    low, high = min(everything), max(everything)
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    others: list[str | None] = [name for name in values if name != baseline] or [None]
    rows = -(-len(others) // (4 if len(others) <= 12 else 6))
    columns = -(-len(others) // rows)
    width = min(WIDTH, 1.0 + 2.3 * columns)
    characters = max(6, int(72 * (width - 0.6) / columns / (1 + 2 * _SIDE) / 5.8))  # between two arms
    lines = max(wrap(name, characters).count("\n") for name in values) + 1
    tall = 2.7 if rows == 1 else 2.2
    figure = Figure(figsize=(width, rows * (tall + 0.17 * lines) + 0.2))
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for place, (axes, name) in enumerate(zip(grid, others, strict=False)):
        axes.set_ylim(low - room, high + room)
        if place % columns:
            axes.tick_params(axis="y", labelleft=False)
            axes.yaxis.offsetText.set_visible(False)
        near = 5.5 / (72 * (tall - 0.55)) * (high - low + 2 * room)
        _panel(axes, scaled, [baseline] if name is None else [baseline, name], higher_is_better, looks, near)
        axes.set_xticks(
            axes.get_xticks(),
            [
                f"{wrap(arm, characters)}\nn = {len(values[arm])}"
                for arm in [baseline, name]
                if arm is not None
            ],
        )
    for axes in grid[len(others) :]:
        axes.set_visible(False)
    figure.supylabel(scale.axis, fontsize=9.5)
    return figure


def _panel(
    axes: Axes,
    values: Mapping[str, Values],
    shown: Sequence[str],
    higher_is_better: bool,
    looks: Mapping[str, Look],
    near: float,
) -> None:
    """The baseline, and one variant beside it if there is one.

    Args:
        near: values that lie no further apart would hide each other.
    """
    arms = [values[name] for name in shown]
    pairs = sorted(set(arms[0]) & set(arms[-1]))
    dots = [
        _dots(axes, x, arm, pairs, looks[name], near)
        for x, (name, arm) in enumerate(zip(shown, arms, strict=True))
    ]
    if len(shown) == 2:
        axes.set_title(_lines(axes, arms, pairs, dots, higher_is_better, looks[shown[1]]))
    axes.set_xlim(-_SIDE, len(shown) - 1 + _SIDE)
    axes.set_xticks(range(len(shown)))
    axes.tick_params(axis="x", length=0)
    linear_ticks(axes.yaxis, *axes.get_ylim())
    axes.grid(axis="y")


def _lines(
    axes: Axes,
    arms: Sequence[Values],
    pairs: Sequence[int],
    dots: Sequence[Values],
    higher_is_better: bool,
    look: Look,
) -> str:
    """A line a pair, solid where the variant is better; returns on how many seeds it is."""
    sign = 1 if higher_is_better else -1
    gains = [sign * (arms[1][seed] - arms[0][seed]) for seed in pairs]
    for is_better in (False, True):
        lines = [
            [(dots[0][seed], arms[0][seed]), (dots[1][seed], arms[1][seed])]
            for seed, gain in zip(pairs, gains, strict=True)
            if (gain > 0) == is_better
        ]
        axes.add_collection(
            LineCollection(
                lines, zorder=1, colors=look.colour if is_better else GREY,
                linestyles="-" if is_better else [(0, (2, 2))],
                linewidths=1.1 if len(pairs) <= 20 else 0.8, alpha=0.75 if len(pairs) <= 20 else 0.55,
            ),
            autolim=False,
        )  # fmt: skip
    if not pairs:
        return "no pair"
    equal = f", {gains.count(0.0)} equal" if 0.0 in gains else ""
    return f"better in {sum(gain > 0 for gain in gains)} of {len(pairs)}{equal}"


def _dots(axes: Axes, x: int, values: Values, paired: Sequence[int], look: Look, near: float) -> Values:
    """A column of values, hollow where a seed has no partner, and their mean beside it; seed → place."""
    steps = dict(zip(values, aside(list(values.values()), near), strict=True))
    side = 1 if x else -1
    apart = min(0.075, 0.44 / max(1, *steps.values(), 1))
    places = {seed: x + side * apart * step for seed, step in steps.items()}
    for fill, edge, chosen in (
        (look.colour, PAPER, paired),
        (PAPER, look.colour, sorted(set(values) - set(paired))),
    ):
        if not chosen:
            continue
        axes.plot(
            [places[seed] for seed in chosen], [values[seed] for seed in chosen], look.marker,
            markersize=min(5.2, max(3.2, 70 * apart)), markerfacecolor=fill, markeredgecolor=edge,
            markeredgewidth=0.8 if fill == PAPER else 0.5, zorder=3,
        )  # fmt: skip
    for value, count in Counter(values.values()).items():
        if count >= _COUNTED_FROM:
            end = max(
                (place for seed, place in places.items() if values[seed] == value), key=lambda p: side * p
            )
            axes.annotate(
                f"× {count}", (end, value), xytext=(0, 5), textcoords="offset points",
                ha="right" if x else "left", fontsize=7.5, color=GREY,
            )  # fmt: skip
    if values:
        mean = sum(values.values()) / len(values)
        ends = [x + side * (_SIDE - 0.18), x + side * (_SIDE - 0.04)]
        axes.plot(ends, [mean, mean], color=look.colour, linewidth=2.6, solid_capstyle="butt", zorder=4)
    return places
