"""Callbacks: one file each. The class named like the file derives from `Callback`.

A callback is part of the recipe: it may change what is trained, or end it. What only watches needs none:
the learning rate is in every history, times are in `metrics.csv`, progress is in the log and in
`events.jsonl`, the best, the last and every n-th checkpoint are `training.monitor` and `keep_every`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.training.state import Run


class Callback:
    """Called at each point of a run; override what you need. `run` is all that training changes.

    An exception ends the run as failed. What a callback remembers between calls must be in its state,
    or a run that was interrupted would not continue to the same bits.
    """

    def on_train_begin(self, run: Run) -> None:
        """Training starts, or continues after an interruption; the state is restored after this."""

    def on_epoch_begin(self, run: Run) -> None:
        """The epoch `run.epoch` starts."""

    def on_batch_begin(self, run: Run) -> None:
        """A step starts; `run.step` were done in this epoch."""

    def on_gradients(self, run: Run, optimizer: str) -> None:
        """The gradients of one optimizer's step are ready, unscaled and not yet clipped."""

    def on_batch_end(self, run: Run) -> None:
        """A step is done, by every optimizer."""

    def on_epoch_end(self, run: Run) -> None:
        """The epoch is in `run.history`. `run.stop(reason)` makes it the last."""

    def on_train_end(self, run: Run) -> None:
        """The last epoch is over."""

    def state_dict(self) -> dict[str, Any]:
        """What is remembered: tensors and plain data."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Remember it again."""
