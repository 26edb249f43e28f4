"""A run's state on disk while it is trained, so that a later process goes on to the same bits.

resume.pt           all that the run has come to, with its own digest
resume-before.pt    the one before it, in case the newest is damaged

They are written whole or not at all: after epochs (half a second after the last save or the start at the
soonest, and so that saving takes a fiftieth of the time at most), every `resume_every_minutes` within an
epoch, and when a signal asks the run to leave. What is finished has none.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.errors import Interrupted, UserError
from assay.store import RESUME, RESUME_BEFORE, remove_states, write_atomically
from assay.training import checkpoint
from assay.training.interrupt import Interrupt
from assay.training.loop import Keeper
from assay.training.measure import stack
from assay.training.state import Run, State

SHARE = 0.02
"""Largest share of the time that saves after epochs take."""
PAUSE = 0.5
"""Seconds that a kill may cost in any case: so many pass before a state is saved after an epoch."""

_NEEDED = {"state", "best", "epoch", "step", "sums", "gradient_norms", "trace", "kept", "environments"}

log = logging.getLogger("assay.resume")


class Resume(Keeper):
    """Saves a run's state in its folder and finds it again.

    Args:
        folder: the run's.
        identity: what the run is (address, seed, data); a state of another is not used.
        minutes: within an epoch, save after so many.
        interrupt: which signal came.
        kept: file → digest of the checkpoints that are written already; it is part of the state.
        environment: what computes; states remember all that did.
        stop_after: leave after this epoch, if others are to come.
    """

    def __init__(
        self,
        folder: Path,
        identity: Mapping[str, Any],
        minutes: float,
        interrupt: Interrupt,
        kept: dict[str, str],
        environment: Mapping[str, Any],
        stop_after: int | None = None,
    ) -> None:
        self.folder, self.identity, self.minutes = folder, {"format": 1, **identity}, minutes
        self.interrupt, self.kept, self.stop_after = interrupt, kept, stop_after
        self.environments = [dict(environment)]
        self.saved, self.cost = time.monotonic(), 0.0

    def after_step(self, run: Run) -> None:
        """Save if it is time or if a signal came; then leave if one did."""
        due = run.ranks.is_writer and time.monotonic() - self.saved >= 60 * self.minutes
        if run.ranks.any(due or bool(self.interrupt.signal)):
            self.save(run)
            self._leave_if_asked(run)

    def after_epoch(self, run: Run) -> None:
        """Save unless the last save was just now; leave if a signal came, or if no more epochs are wanted."""
        pause = max(self.cost / SHARE, min(PAUSE, 60 * self.minutes))
        due = run.ranks.is_writer and time.monotonic() - self.saved >= pause
        enough = self.stop_after is not None and run.epoch > self.stop_after
        if run.ranks.any(due or enough or bool(self.interrupt.signal)):
            self.save(run)
            self._leave_if_asked(run)
        if enough:
            raise Interrupted(f"saved after epoch {run.epoch - 1}, as asked; without it, the run continues")

    def _leave_if_asked(self, run: Run) -> None:
        if run.ranks.any(bool(self.interrupt.signal)):
            cause = self.interrupt.signal or "another process of the run was asked to leave"
            raise Interrupted(
                f"{cause}: saved in epoch {run.epoch} after {run.step} steps; "
                "the same command continues from there"
            )

    def save(self, run: Run) -> None:
        """Write the state; the one that was the newest becomes the one before."""
        began = time.monotonic()
        state = _state(run) | {
            "identity": self.identity,
            "kept": dict(self.kept),
            "environments": self.environments,
        }
        if run.ranks.is_writer:
            state = checkpoint.canonical(state)  # from the device once, for both
            content = checkpoint.to_bytes(state | {"digest": checkpoint.digest(state)})
            newest = self.folder / RESUME
            if newest.exists():
                os.replace(newest, self.folder / RESUME_BEFORE)
            write_atomically(newest, content)
        self.saved = time.monotonic()
        self.cost = self.saved - began

    def restore(self, run: Run) -> bool:
        """Put the newest usable state into a freshly built run; return whether there is one."""
        for name in (RESUME, RESUME_BEFORE):
            path = self.folder / name
            if not path.exists():
                continue
            try:
                state = self._read(path)
            except UserError as error:
                log.warning(f"{error}; it is not used")
                continue
            _restore(run, state)
            self.kept.update(state["kept"])
            earlier = [known for known in state["environments"] if known not in self.environments]
            self.environments = [*earlier, *self.environments]
            return True
        return False

    def _read(self, path: Path) -> State:
        """A state that is whole and of this run.

        Raises:
            UserError: it is not.
        """
        state = checkpoint.load(path, key="state")
        digest = state.pop("digest", None)
        if digest != checkpoint.digest(state):
            raise UserError(f"{path}: is damaged: its content has not its digest")
        if state.get("identity") != self.identity or not state.keys() >= _NEEDED:
            raise UserError(f"{path}: is of another run")
        for name, digest in state["kept"].items():
            if checkpoint.digest(checkpoint.load(self.folder / name)) != digest:
                raise UserError(f"{self.folder / name}: is damaged, and {path} builds on it")
        return state

    def forget(self) -> None:
        """Remove the states: the run is finished, or starts anew."""
        remove_states(self.folder)


def _state(run: Run) -> State:
    """All that a run has come to."""
    return {
        "state": checkpoint.snapshot(run),
        "best": run.best,
        "epoch": run.epoch,
        "step": run.step,
        "sums": stack(run.sums, run.ranks, run.earlier),
        "gradient_norms": {name: list(norms) for name, norms in run.gradient_norms.items()},
        "trace": run.trace,
    }


def _restore(run: Run, state: State) -> None:
    checkpoint.restore(run, state["state"])
    run.best, run.epoch, run.step = state["best"], state["epoch"], state["step"]
    run.earlier, run.trace = dict(state["sums"]), list(state["trace"])
    norms = state["gradient_norms"].items()
    run.gradient_norms = {name: [norm.to(run.device) for norm in values] for name, values in norms}
