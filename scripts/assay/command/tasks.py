"""Tasks that compute results again: several at a time, with progress on stderr; Ctrl-C ends them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from assay.command.progress import Progress
from assay.errors import UserError
from assay.replay.programs import Replay
from assay.words import duration_text

Task = TypeVar("Task")
Done = TypeVar("Done")

TICK = 0.5
"""Seconds between two looks at what is going on."""


def each(
    tasks: Sequence[Task],
    work: Callable[[Task], Done],
    jobs: int,
    replay: Replay,
    seconds: Sequence[float],
    report: Callable[[Task, Done | UserError], bool],
) -> None:
    """Do every task, until a report says that it is enough.

    Args:
        tasks: in the order in which they are begun.
        work: does one.
        jobs: how many at a time.
        replay: what computes for them; it is stopped if not all tasks are done.
        seconds: how long each takes, about.
        report: is told what came of a task; returns whether to go on.
    """
    with ThreadPoolExecutor(jobs) as pool:
        waiting: dict[Future[Done], int] = {pool.submit(work, task): n for n, task in enumerate(tasks)}
        progress, left = Progress(), Left(seconds, jobs)
        try:
            while waiting:
                finished, _ = wait(waiting, TICK, FIRST_COMPLETED)
                for future in sorted(finished, key=lambda future: waiting[future]):
                    number = waiting.pop(future)
                    progress.clear()
                    del left.left[number]
                    error = future.exception()
                    if error is not None and not isinstance(error, UserError):
                        raise error
                    if not report(tasks[number], error or future.result()):
                        return
                progress.say(left.text(replay.epochs()))
        finally:
            progress.clear()
            if waiting:
                replay.stop()
                pool.shutdown(cancel_futures=True)


class Left:
    """What is left to do, and about how long it takes.

    Args:
        seconds: how long each task takes, about.
        jobs: how many are done at a time.
    """

    def __init__(self, seconds: Sequence[float], jobs: int) -> None:
        self.count, self.total, self.jobs = len(seconds), sum(seconds), jobs
        self.left = dict(enumerate(seconds))
        self.began = time.monotonic()

    def text(self, epochs: Sequence[int]) -> str:
        """How far all is; `epochs` are those that runs have come to."""
        parts = [f"{self.count - len(self.left)} of {self.count} done"] if self.count > 1 else []
        if epochs:
            parts.append(f"epoch {', '.join(map(str, epochs))} done")
        if (left := self._seconds()) > 0:
            parts.append(f"about {duration_text(left)} left")
        return "; ".join(parts) or "computing"

    def _seconds(self) -> float:
        """By how long what is done took; at first by how long it took before, not above 0 if that is over."""
        left, elapsed = sum(self.left.values()), time.monotonic() - self.began
        if len(self.left) == self.count:
            return left / self.jobs - elapsed
        return elapsed / max(self.total - left, 1e-9) * left
