"""Axes of figures: whole epochs, values on the scale that shows them, and the legend below the panels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, SymmetricalLogLocator

from assay.notation import Scale
from assay.report.style import GREY, wrap

_LOG_FROM = 10.0
"""A positive quantity whose values span more than this factor is drawn on a logarithmic axis."""
_SYMMETRIC_FROM = 1000.0
"""One with other signs, too, if it reaches so many times its median absolute value."""
_STEPS = [1, 2, 2.5, 5, 10]
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def epoch_axis(axes: Axes, last: int, label: str = "epoch") -> None:
    """Whole epochs from 1 to the last one."""
    axes.set_xlabel(label)
    axes.set_xlim(0.5, last + max(0.5, 0.02 * last))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))


def value_axis(axes: Axes, scale: Scale, values: np.ndarray) -> None:
    """The quantity's name and unit, on a linear or a logarithmic y axis; it is said if it is logarithmic.

    Args:
        values: that the axis shows, in any shape, multiplied by the scale's factor.
    """
    finite = values[np.isfinite(values)]
    added = ""
    if not len(finite):
        _nothing(axes)
    elif scale.is_proportion or not (added := logarithmic(axes.yaxis, finite)):
        _linear(axes, finite, scale.is_proportion)
    axes.set_ylabel(wrap(scale.axis + added, 28))
    axes.grid()


def logarithmic(axis: Axis, finite: np.ndarray) -> str:
    """Make an axis logarithmic if what it shows asks for it, and say so; if not, return nothing."""
    low, high, median = finite.min(), finite.max(), np.median(np.abs(finite))
    if low > 0 and high > _LOG_FROM * low:
        _set_scale(axis, "log")
        decades = math.log10(high) - math.log10(low)
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades <= 3 else (1,)))
        said = ", logarithmic"
    elif low <= 0 and median > 0 and np.abs(finite).max() > _SYMMETRIC_FROM * median:
        limit = 10.0 ** math.ceil(math.log10(median))
        decades = math.log10(np.abs(finite).max() / limit)
        _set_scale(axis, "symlog", linthresh=limit, linscale=max(1.0, decades / 6))
        locator = SymmetricalLogLocator(base=10, linthresh=limit)
        locator.set_params(numticks=8)
        axis.set_major_locator(locator)
        said = f", logarithmic beyond ±{number(limit)}"
    else:
        return ""
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_formatter(NullFormatter())
    return said


def linear_ticks(axis: Axis, low: float, high: float, most: int = 6) -> None:
    """Round numbers on a linear axis between the limits, written as they are or with a power of ten."""
    axis.set_major_locator(MaxNLocator(most, steps=_STEPS))
    largest = max(abs(low), abs(high))
    is_plain = 1e-3 <= largest < 1e5
    if not is_plain and high - low > 1e-4 * largest:
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def number(value: float) -> str:
    """A value at a tick: `0.05`, `2000`, `10⁶`, `2·10⁻⁵`."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:g}".replace("-", "−")
    digits, _, exponent = f"{value:e}".partition("e")
    raised = f"10{str(int(exponent)).translate(_RAISED)}"
    front = f"{float(digits):g}".replace("-", "−")
    return raised if front == "1" else f"−{raised}" if front == "−1" else f"{front}·{raised}"


def legend_below(figure: Figure, handles: Sequence[Artist]) -> None:
    """Add a legend under the panels, where it hides nothing, in as few rows as its texts allow."""
    if not handles:
        return
    room = int(14 * figure.get_figwidth())  # characters, of which each entry's line takes 11
    for handle in handles:
        handle.set_label(wrap(str(handle.get_label()), room - 11))
    texts = [str(handle.get_label()).split("\n") for handle in handles]
    lengths = [max(map(len, lines)) + 11 for lines in texts]
    for down in range(1, len(handles) + 1):
        across = -(-len(handles) // down)
        if sum(max(column) for column in np.array_split(lengths, across)) <= room:
            break
    lines = down * max(map(len, texts))
    figure.set_figheight(figure.get_figheight() + 0.15 + 0.19 * lines)
    figure.legend(handles=handles, loc="outside lower center", ncols=across, handlelength=3.5)


def _set_scale(axis: Axis, name: str, **options: float) -> None:
    axes: Any = axis.axes
    (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)(name, **options)


def _nothing(axes: Axes) -> None:
    axes.set_yticks([])
    axes.text(
        0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", va="center", color=GREY,
        backgroundcolor="white",
    )  # fmt: skip


def _linear(axes: Axes, finite: np.ndarray, is_proportion: bool) -> None:
    low, high = float(finite.min()), float(finite.max())
    if low == high:  # not as if its last digits mattered
        low, high = (0.0, 100.0) if is_proportion else (min(0.0, 2 * low), max(0.0, 2 * high))
        room = 0.04 * (high - low) or 1.0
        axes.set_ylim(low - room, high + room)
    linear_ticks(axes.yaxis, low, high)
