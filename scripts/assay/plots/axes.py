"""Axes of figures over epochs: whole epochs below, and values on the scale that shows them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, SymmetricalLogLocator

from assay.notation import Scale
from assay.plots.series import Line
from assay.report.style import GREY, wrap

_LOG_FROM = 10.0
"""A positive quantity whose values span more than this factor is drawn on a logarithmic axis."""
_SYMMETRIC_FROM = 1000.0
"""One with other signs, too, if it reaches so many times its median absolute value."""
_STEPS = [1, 2, 2.5, 5, 10]
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def epoch_axis(axes: Axes, last: int, step: int) -> None:
    """Whole epochs from 1 to the last one; it is said if lines show means over several of them."""
    several = f"epoch\n(lines: means over {step} epochs; bands: their range)"
    axes.set_xlabel("epoch" if step == 1 else several)
    axes.set_xlim(0.5, last + max(0.5, 0.02 * last))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))


def value_axis(axes: Axes, scale: Scale, lines: Iterable[Line]) -> None:
    """The quantity's name and unit, on a linear or a logarithmic axis; it is said if it is logarithmic."""
    shown = list(lines)
    finite = np.concatenate([ends[np.isfinite(ends)] for line in shown for ends in (line.low, line.high)])
    added = ""
    if not len(finite):
        _nothing(axes)
    elif scale.is_proportion or not (added := _logarithmic(axes, finite)):
        _linear(axes, finite, scale.is_proportion)
    axes.set_ylabel(wrap(scale.axis + added, 28))
    axes.grid()


def _nothing(axes: Axes) -> None:
    axes.set_yticks([])
    axes.text(
        0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", va="center", color=GREY,
        backgroundcolor="white",
    )  # fmt: skip


def _linear(axes: Axes, finite: np.ndarray, is_proportion: bool) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=_STEPS))
    low, high = float(finite.min()), float(finite.max())
    if low == high:  # not as if its last digits mattered
        low, high = (0.0, 100.0) if is_proportion else (min(0.0, 2 * low), max(0.0, 2 * high))
        room = 0.04 * (high - low) or 1.0
        axes.set_ylim(low - room, high + room)


def _logarithmic(axes: Axes, finite: np.ndarray) -> str:
    """Make the axis logarithmic if it must be, and say so; if not, return nothing."""
    low, high, median = finite.min(), finite.max(), np.median(np.abs(finite))
    if low > 0 and high > _LOG_FROM * low:
        axes.set_yscale("log")
        decades = math.log10(high) - math.log10(low)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades <= 3 else (1,)))
        said = ", logarithmic"
    elif low <= 0 and median > 0 and np.abs(finite).max() > _SYMMETRIC_FROM * median:
        limit = 10.0 ** math.ceil(math.log10(median))
        decades = math.log10(np.abs(finite).max() / limit)
        axes.set_yscale("symlog", linthresh=limit, linscale=max(1.0, decades / 6))
        locator = SymmetricalLogLocator(base=10, linthresh=limit)
        locator.set_params(numticks=8)
        axes.yaxis.set_major_locator(locator)
        said = f", logarithmic beyond ±{_number(limit)}"
    else:
        return ""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    return said


def _number(value: float) -> str:
    """A value at a tick: `0.05`, `2000`, `10⁶`, `2·10⁻⁵`."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:g}".replace("-", "−")
    digits, _, exponent = f"{value:e}".partition("e")
    raised = f"10{str(int(exponent)).translate(_RAISED)}"
    front = f"{float(digits):g}".replace("-", "−")
    return raised if front == "1" else f"−{raised}" if front == "−1" else f"{front}·{raised}"
