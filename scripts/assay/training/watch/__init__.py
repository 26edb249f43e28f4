"""What watches a run: it is told of everything, changes nothing, and is in no address."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.data.prepared import Prepared
    from assay.training.history import History
    from assay.training.state import Run


log = logging.getLogger("assay.watch")


@dataclass(frozen=True)
class Setup:
    """What a run starts from, or continues from."""

    run: Run
    prepared: Prepared
    resumed: bool = False


class Watch:
    """A watcher that does nothing: override what interests you."""

    def on_start(self, setup: Setup) -> None:
        """Everything is built; the first epoch comes."""

    def on_part_end(self, part: str, metrics: Mapping[str, float], samples: int) -> None:
        """An epoch's training or validation is over."""

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """An epoch is over; its row is the history's last."""

    def on_train_end(self, history: History) -> None:
        """The last epoch is over, or the run diverged."""

    def on_interrupt(self, message: str) -> None:
        """A signal asked the run to leave; its state is saved."""

    def on_exception(self, error: BaseException) -> None:
        """The run failed; the exception is raised again."""


class Watches(Watch):
    """Several watchers as one. A mistake of theirs costs no run its result; a disk that is full does."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self.watches = watches

    def on_start(self, setup: Setup) -> None:
        """Tell all."""
        self._tell(lambda watch: watch.on_start(setup))

    def on_part_end(self, part: str, metrics: Mapping[str, float], samples: int) -> None:
        """Tell all."""
        self._tell(lambda watch: watch.on_part_end(part, metrics, samples))

    def on_epoch_end(self, history: History, improved: bool) -> None:
        """Tell all."""
        self._tell(lambda watch: watch.on_epoch_end(history, improved))

    def on_train_end(self, history: History) -> None:
        """Tell all."""
        self._tell(lambda watch: watch.on_train_end(history))

    def on_interrupt(self, message: str) -> None:
        """Tell all."""
        self._tell(lambda watch: watch.on_interrupt(message))

    def on_exception(self, error: BaseException) -> None:
        """Tell all; one that cannot write, on a full disk say, does not hide the error."""
        with suppress(OSError):
            self._tell(lambda watch: watch.on_exception(error))

    def _tell(self, call: Callable[[Watch], None]) -> None:
        full: OSError | None = None
        for watch in self.watches:
            try:
                call(watch)
            except OSError as error:
                full = full or error
            except Exception:
                log.exception(f"{type(watch).__name__} failed; the run goes on without it")
        if full is not None:
            raise full
