"""Pictures of a few validation samples: what a task makes of them, a row each; images, or lines.

Called within `assay.report.style.sheet`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from assay import streams
from assay.data.prepared import Prepared
from assay.notation import metric_label
from assay.report.style import FAINT, WIDTH, looks, wrap
from assay.tasks import Task
from assay.training.batches import load_part

_COLOURS = [look.colour for look in looks(list("abcdefgh"), "a").values()]
_NOT_FINITE = "#f2d5e4"
"""Of a pixel that is no number."""
MOST, MOST_LINES = 10, 5
"""Samples on a sheet: of images, and of signals or tables."""


def pictures(task: Task, prepared: Prepared) -> tuple[dict[str, np.ndarray], list[str]]:
    """What a task draws of the first validation samples.

    Its mode and all streams of random numbers are afterwards as they were.

    Returns:
        Row name → float64, (samples, …), of one row or more, or of none; and a title a sample, its class.
    """
    chosen = prepared.parts["validation"][:MOST]
    first = next(chain(task.parameters(), task.buffers()), torch.empty(0))
    few = load_part(replace(prepared, parts={"validation": chosen}), "validation", first.device)
    modes = {module: module.training for module in task.modules()}
    try:
        with _kept_streams(), torch.inference_mode():
            streams.start(0, "evaluation")
            task.eval()
            batch = next(few.in_order(MOST), None)
            rows = {} if batch is None else task.pictures(batch)
            found = {name: row.detach().cpu().double().numpy()[:MOST] for name, row in rows.items()}
    finally:
        for module, mode in modes.items():
            module.training = mode
    return found, _titles(prepared, chosen)


@contextmanager
def _kept_streams() -> Iterator[None]:
    """Put the global generators of torch (every device), NumPy and Python back as they are now."""
    states = random.getstate(), np.random.get_state()
    metal = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    try:
        with torch.random.fork_rng(devices=gpus):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if metal is not None:
            torch.mps.set_rng_state(metal)


def _titles(prepared: Prepared, chosen: np.ndarray) -> list[str]:
    """The class of each sample, where there are classes."""
    targets, classes = prepared.targets[chosen], prepared.meta.get("classes")
    if classes is None or targets.ndim != 1 or not np.issubdtype(targets.dtype, np.integer):
        return ["" for _ in chosen]
    return [str(classes[target]) for target in targets]


def sheet(rows: Mapping[str, np.ndarray], titles: Sequence[str]) -> Figure:
    """Rows of images or lines, a column a sample; the first row gives each column its scale.

    Args:
        rows: name → values (samples, …): images (channels, height, width), clips (channels, frames, height,
            width), of which the middle frame is drawn, signals (channels, length), tables (features,).
        titles: a text a sample.
    """
    shown = {name: _as_drawn(row, next(iter(rows.values())).ndim) for name, row in rows.items()}
    first = next(iter(shown.values()))
    most = MOST if first.ndim == 4 else MOST_LINES
    down, across = len(shown), min(most, max(len(row) for row in shown.values()))
    columns = max(across, 4)  # a few samples are not drawn as large as a page
    names = [wrap(metric_label(name), 14) for name in shown]
    left = 0.25 + 0.08 * max(len(line) for name in names for line in name.split("\n"))
    width = (WIDTH - left) / columns
    figure = Figure(figsize=(left + width * across, 0.3 + down * _height(shown, width)))
    grid = figure.subplots(down, across, squeeze=False)
    for places, row, name in zip(grid, shown.values(), names, strict=True):
        references = first if row.shape == first.shape else row
        for axes, values, reference in zip(places, row, references, strict=False):
            if values.ndim == 3:
                _image(axes, values, reference)
            else:
                _lines(axes, values, None if references is row else reference)
            _frame(axes, np.isfinite(values).any())
        for axes in places[len(row) :]:
            axes.set_visible(False)
        places[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for axes, title in zip(grid[0], titles, strict=False):
        axes.set_title(wrap(title, max(4, int(13 * width))), fontsize=8.5)
    figure.draw_without_rendering()  # images keep their aspect: the layout needs a second look
    return figure


def _height(shown: Mapping[str, np.ndarray], width: float) -> float:
    """Inches a row whose pictures are so wide: as images ask for, or for a small plot of lines."""
    shapes = [row.shape[1:3] for row in shown.values() if row.ndim == 4]
    ratio = max((high / wide for high, wide in shapes), default=0.6)
    return width * min(max(ratio, 0.25), 3) + 0.08


def _as_drawn(row: np.ndarray, dimensions: int) -> np.ndarray:
    """Values (samples, …) as images (samples, height, width, 1 or 3), or lines (samples, length, lines)."""
    if row.ndim == 3 and dimensions >= 4:  # masks have no channels
        row = row[:, None]
    if row.ndim == 5:
        row = row[:, :, row.shape[2] // 2]
    if row.ndim == 4:
        images = np.moveaxis(row, 1, -1)
        return images if images.shape[-1] in (1, 3) else images.mean(-1, keepdims=True)
    if row.ndim == 3:
        return np.moveaxis(row, 1, -1)
    return row.reshape(len(row), -1, 1)


def _image(axes: Axes, values: np.ndarray, reference: np.ndarray) -> None:
    """An image (height, width, 1 or 3) on the scale of its reference, pixels as they are."""
    finite = reference[np.isfinite(reference)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    scaled = np.clip((values - low) / (high - low if high > low else 1.0), 0, 1)
    good = np.isfinite(values).all(-1)
    if scaled.shape[-1] == 1:
        scaled = scaled.repeat(3, -1)
    axes.imshow(np.where(good[..., None], scaled, to_rgb(_NOT_FINITE)))


def _lines(axes: Axes, values: np.ndarray, reference: np.ndarray | None) -> None:
    """A signal or a sample's features (length, lines), over those of its reference, if any, in grey."""
    style: dict[str, Any] = {"linewidth": 1.2, "marker": ".", "markersize": 4}
    if len(values) > 50:
        style = {"linewidth": 0.7}
    if reference is not None:
        axes.plot(reference, color=FAINT, linewidth=2.5)
    for place, one in enumerate(np.where(np.isfinite(values), values, np.nan).T):
        axes.plot(one, color=_COLOURS[place % len(_COLOURS)], **style)


def _frame(axes: Axes, has_values: np.bool) -> None:
    """No ticks, what counts is the form; it is said if there is no value."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color=FAINT)
    if not has_values:
        axes.text(0.5, 0.5, "not finite", transform=axes.transAxes, ha="center", va="center", fontsize=7)
