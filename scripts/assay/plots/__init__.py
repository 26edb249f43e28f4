"""Figures of one run, drawn from its history: what a preset names, one PNG file a figure.

    minimal     loss
    standard    + loss beside accuracy, and the families of the task
    full        + parts of the loss, other metrics, learning rate, gradient norm, pictures of samples

They are no part of any digest. Nothing here changes a model, its mode or a stream of random numbers, and
matplotlib is imported when the first figure is drawn, not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import UserError, choose
from assay.plots import contents
from assay.store import write_atomically

if TYPE_CHECKING:
    from assay.data.prepared import Prepared
    from assay.tasks import Task

PRESETS = ("off", "minimal", "standard", "full")


@dataclass(frozen=True)
class Described:
    """What is known of a task without importing it."""

    metrics: Iterable[str] = ()
    """As in `Task.metrics`."""
    families: Mapping[str, Iterable[str]] = field(default_factory=dict)
    """As in `Task.families`."""


def draw(
    history: Mapping[str, Any],
    task: Task | Described | None,
    prepared: Prepared | None,
    folder: Path,
    preset: str,
) -> list[Path]:
    """Draw the figures of a run.

    Args:
        history: the content of `history.json`.
        task: as it was trained, or what is known of it.
        prepared: the data, for pictures of samples; there are none without them.
        folder: where the figures go; it is made if need be.
        preset: one of PRESETS.

    Returns:
        The files, in the order of the presets.

    Raises:
        UserError: there is no such preset.
    """
    if preset not in PRESETS:
        raise UserError(f"plots: there is no preset {preset!r}; {choose(preset, PRESETS, 'preset')}")
    if preset == "off" or not history["history"]:
        return []
    from assay.plots import curves, samples
    from assay.report import style

    known = Described() if task is None else task
    written = []
    with style.sheet():
        for sheet in contents.sheets(history["history"], known.metrics, known.families, preset):
            written.append(folder / f"{sheet.name}.png")
            write_atomically(written[-1], style.png(curves.learning(sheet, history)))
        if preset == "full" and prepared is not None and not isinstance(known, Described):
            rows, titles = samples.pictures(known, prepared)
            if rows:
                written.append(folder / "pictures.png")
                write_atomically(written[-1], style.png(samples.sheet(rows, titles)))
    return written


def compare(runs: Mapping[str, Mapping[str, Any]], folder: Path, preset: str) -> list[Path]:
    """Draw several runs in one plot: `comparison.png`.

    Args:
        runs: label → the content of its `history.json`; one or more.
        folder: where the figure goes; it is made if need be.
        preset: `minimal`: validation loss; `standard`: and the monitored metrics (accuracy, if that is
            the loss itself); `full`: everything that was measured in validation.

    Returns:
        The file; none with `off`, or where nothing of the kind was measured.

    Raises:
        UserError: there is no such preset.
    """
    if preset not in PRESETS:
        raise UserError(f"plots: there is no preset {preset!r}; {choose(preset, PRESETS, 'preset')}")
    columns = [] if preset == "off" else contents.compared(runs, preset)
    if not columns:
        return []
    from assay.plots import comparison
    from assay.report import style

    path = folder / "comparison.png"
    with style.sheet():
        write_atomically(path, style.png(comparison.several(runs, columns)))
    return [path]
