"""Figures of a run, drawn when it is finished."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from assay import reads
from assay.training.watch import Setup, Watch

if TYPE_CHECKING:
    from assay.training.history import History

log = logging.getLogger("assay.plots")


class Plots(Watch):
    """Draws what a preset names. What cannot be drawn is said in the log and costs no run its result.

    Args:
        folder: where the figures go.
        preset: `off`, `minimal`, `standard` or `full`.
    """

    def __init__(self, folder: Path, preset: str) -> None:
        self.folder, self.preset = folder, preset
        self.setup: Setup | None = None

    def on_start(self, setup: Setup) -> None:
        """Remember what is drawn at the end."""
        self.setup = setup

    def on_train_end(self, history: History) -> None:
        """Draw."""
        assert self.setup is not None
        try:
            with reads.watched(imported=False):  # what drawing reads decides nothing of the run
                from assay.plots import draw

                task, prepared = self.setup.run.task, self.setup.prepared
                drawn = draw(history.plain(), task, prepared, self.folder, self.preset)
        except Exception:
            log.exception("not all figures could be drawn; the run is not affected")
        else:
            if drawn:
                log.info(f"{len(drawn)} figures in {self.folder}")
