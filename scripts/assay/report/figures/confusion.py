"""The figure of classes: which were taken for which, a confusion matrix a variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from assay.report.style import FAINT, GREY, INK, WIDTH, wrap

MOST_NUMBERED = 20
"""Classes up to which cells have their numbers, where these have room."""
_MOST_CELLS = 1600
"""Cells of all panels up to which they have them: what is more is a page of digits."""
_NUMBERED, _NAMED, _LARGEST = 11.4, 6.0, 44.0
"""Points of a cell's side: with a number, with the class's name beside it, at most."""
_RIGHT, _WRONG, _ON_DARK = "#0072b3", "#d55e01", "#fffffe"
"""Blue, orange, and white on them: the same on a dark page, where the style's own colours are others."""


@dataclass(frozen=True)
class _Layout:
    """How many panels are side by side, and how large all is in points."""

    columns: int
    cell: float
    labels: list[str]
    """Of the classes; empty where there is no room for them."""
    is_turned: bool
    """Whether the labels below stand upright."""

    @property
    def size(self) -> float:
        """Of the font of class names."""
        return min(9.0, 0.85 * self.cell)

    @property
    def beside(self) -> float:
        """What names take to the left, and below if they are upright."""
        return 0.62 * self.size * max(map(len, self.labels), default=4) + 8


def confusion(
    matrices: Mapping[str, np.ndarray], classes: Sequence[str], counts: Mapping[str, int]
) -> Figure:
    """A panel a variant: row, the true class; column, the predicted one; percent of the true class.

    Correct predictions are blue and others orange, darker with the square root of the share, so that
    one percent can be seen. Cells without any are empty.

    Args:
        matrices: variant → shares (classes, classes), each row's sum 1, or 0 of a class without samples.
        classes: their names.
        counts: variant → number of runs that the shares are means over.
    """
    layout = _layout(len(matrices), classes)
    columns, side = layout.columns, layout.cell * len(classes)
    down = -(-len(matrices) // columns)
    titles = {name: f"{wrap(name, max(14, int(side / 7)))} (n = {counts[name]})" for name in matrices}
    title = 12 * (1 + max(text.count("\n") for text in titles.values())) + 22
    below = 24 + (layout.beside if layout.is_turned else 14)
    figure = Figure(
        figsize=(
            (columns * (side + 16) + layout.beside + 24) / 72,
            (down * (side + title) + below) / 72,
        )
    )
    grid = list(figure.subplots(down, columns, squeeze=False).flat)
    for place, (name, matrix) in enumerate(matrices.items()):
        axes = grid[place]
        _cells(axes, np.asarray(matrix), layout.cell, _has_numbers(len(matrices), len(classes)))
        axes.set_title(titles[name], pad=6)
        _names(axes, layout, place % columns == 0, place + columns >= len(matrices))
    for axes in grid[len(matrices) :]:
        axes.set_visible(False)
    return figure


def _has_numbers(count: int, n: int) -> bool:
    return n <= MOST_NUMBERED and count * n**2 <= _MOST_CELLS


def _layout(count: int, classes: Sequence[str]) -> _Layout:
    """As many panels side by side, up to three, as leave room for numbers or at least for names."""
    wanted = _NUMBERED if _has_numbers(count, len(classes)) else _NAMED
    found = [_with_columns(c, classes) for c in (3, 2, 1) if c <= count and (c > 1 or count <= 2)]
    columns = next((layout for layout in found if layout.cell >= wanted and layout.labels), found[0]).columns
    return _with_columns(-(-count // -(-count // columns)), classes)


def _with_columns(columns: int, classes: Sequence[str]) -> _Layout:
    n, most = len(classes), 16 if len(classes) <= 12 else 12
    labels = [
        name if len(name) <= most else f"{name[: most // 2]}…{name[1 - most // 2 :]}" for name in classes
    ]
    longest = max(map(len, labels))
    room = 72 * WIDTH - 40 - 16 * columns
    largest = _LARGEST if n > 4 else 1.4 * _LARGEST
    cell = min(largest, (room - 5.6 * longest) / columns / n)
    if cell < _NAMED:
        return _Layout(columns, min(largest, (room - 20) / columns / n), [], False)
    return _Layout(columns, cell, labels, 0.62 * min(9.0, 0.85 * cell) * (longest + 0.5) > cell)


def _cells(axes: Axes, shares: np.ndarray, side: float, with_numbers: bool) -> None:
    """Cells, and their numbers if these are wanted and have room.

    Args:
        side: of a cell, in points.
    """
    n = len(shares)
    colours = np.zeros((n, n, 4))
    colours[..., :3] = to_rgb(_WRONG)
    colours[np.diag_indices(n)] = (*to_rgb(_RIGHT), 0)
    colours[..., 3] = np.sqrt(np.clip(shares, 0, 1))
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    for spine in axes.spines.values():
        spine.set(visible=True, color=FAINT)
    if n > MOST_NUMBERED:
        axes.imshow(colours, interpolation="nearest", aspect="equal", zorder=2)
        return
    places = np.argwhere(shares > 0)
    corners = 0.48 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    squares = [corners + place[::-1] for place in places]
    axes.add_collection(PolyCollection(squares, facecolors=colours[shares > 0], linewidths=0, zorder=2))
    decimals = 1 if side >= 26 else 0
    for row, column in places if with_numbers and side >= _NUMBERED else ():
        if text := _percent(shares[row, column], decimals):
            axes.text(
                column, row, text, ha="center", va="center", fontsize=min(9.0, max(6.0, 0.5 * side)),
                color=_ON_DARK if colours[row, column, 3] > 0.72 else INK, zorder=3,
            ).set_in_layout(False)  # fmt: skip


def _percent(share: float, decimals: int) -> str:
    """A share in percent without its sign, empty if it rounds to 0: `97.5`, `>99.9`; `100` is all."""
    percent = 100 * share
    text = f"{percent:.{decimals}f}"
    if float(text) == 0:
        return ""
    if float(text) == 100:
        return "100" if percent > 100 - 1e-9 else f">{100 - 10.0**-decimals:g}"
    return text


def _names(axes: Axes, layout: _Layout, is_left: bool, is_bottom: bool) -> None:
    """What the axes are, and the names of the classes where there is room; else some have their numbers.

    Panels further in have neither: those at the left and at the bottom speak for them.
    """
    number = "" if layout.labels else " (number)"
    for axis, is_outer, label in (
        (axes.xaxis, is_bottom, f"predicted class{number}"),
        (axes.yaxis, is_left, f"true class{number}"),
    ):
        if not is_outer:
            axis.set_ticks([])
            continue
        axis.set_label_text(label)
        if layout.labels:
            turn = 90 if layout.is_turned and axis is axes.xaxis else 0
            axis.set_ticks(range(len(layout.labels)), layout.labels, fontsize=layout.size, rotation=turn)
            axis.set_tick_params(length=0)
        else:
            axis.set_major_locator(MaxNLocator(6, integer=True))
            axis.set_tick_params(length=3, color=GREY)
