"""Results computed again: each by a fresh process, in a temporary store; the real one is only read.

The programs and their arguments are those of the workflow's rules.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from assay.commands import arguments, program_file
from assay.errors import UserError
from assay.finished import is_finished
from assay.jobs import inputs
from assay.places import Place
from assay.program import CONTINUE_ME, failure_reason
from assay.recipe import Recipe, to_yaml
from assay.settings.config import MachineSettings
from assay.store import RECIPE, write_atomically

STARTING = 4.0
"""Seconds that a program takes, about, beside what it computes."""


class Replay:
    """Computes results again; many threads may ask at once.

    Args:
        store: where finished results lie.
        folder: the temporary store.
        machine: on what is computed.
        again: the stages whose results are read where they were computed again, and not in the store.
    """

    def __init__(self, store: Path, folder: Path, machine: MachineSettings, again: Collection[str]) -> None:
        self.store, self.folder, self.machine, self.again = store, folder, machine, again
        self._locks: dict[Path, threading.Lock] = defaultdict(threading.Lock)
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._guard = threading.Lock()
        self._stopped = False

    def result(self, place: Place) -> Path:
        """The folder from which a result is read."""
        again = place.folder(self.folder)
        return again if place.stage in self.again and is_finished(again) else place.folder(self.store)

    def out(self, recipe: Recipe, part: str) -> Path:
        """Where a result is computed again."""
        return self.folder / recipe.stage / recipe.address / part

    def make(self, recipe: Recipe, part: str, file: Path | None = None, *extra: str) -> Path:
        """Compute a result again, unless that was done before, and return its folder.

        Args:
            recipe: what to compute, under the code as it lies on disk.
            part: the folder of a seed or a split; may be empty.
            file: the recipe's file; one is written if there is none.
            extra: more arguments of the program.

        Raises:
            UserError: the program failed; says why.
        """
        out = self.out(recipe, part)
        with self._guard:
            lock = self._locks[out]
        with lock:
            if not is_finished(out):
                code = self.start(recipe, part, file, *extra).wait()
                self.require_success(code, recipe, part, *([CONTINUE_ME] * ("--stop-after" in extra)))
        return out

    def start(
        self, recipe: Recipe, part: str, file: Path | None = None, *extra: str
    ) -> subprocess.Popen[bytes]:
        """Start the program that computes a result; the same, but without waiting for it."""
        out = self.out(recipe, part)
        out.mkdir(parents=True, exist_ok=True)
        if file is None:
            file = out.parent / RECIPE if part else out / RECIPE
            write_atomically(file, to_yaml(recipe))
        command = [sys.executable, *self.command(recipe, part, file), "--out", str(out), *extra]
        with self._guard, self._log(recipe, part).open("ab") as said:
            if self._stopped:
                raise KeyboardInterrupt
            process = subprocess.Popen(  # a group of its own: Ctrl-C is for this process to pass on
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
            self._processes.add(process)
        return process

    def command(self, recipe: Recipe, part: str, file: Path) -> list[str]:
        """A program and its arguments, as the workflow has them."""
        needed = inputs(recipe, part)
        read = [self.result(place) for place in needed]
        if recipe.stage == "train":  # what taught it was computed again, and may be gone
            read[1:] = [place.folder(self.store) for place in needed[1:]]
        machine = self.machine.model_copy(update={"plots": "off"})
        return [
            str(program_file(recipe)),
            *arguments(recipe, part, file, read, machine, self.store),
        ]

    def require_success(self, code: int, recipe: Recipe, part: str, *expected: int) -> None:
        """Refuse a program's exit code.

        Raises:
            UserError: says why it failed, as far as it said so.
            KeyboardInterrupt: it was ended from here.
        """
        if self._stopped:
            raise KeyboardInterrupt
        if code in (0, *expected):
            return
        what = ", ".join(filter(None, (f"{recipe.stage} {recipe.address}", part)))
        reason = failure_reason(self.out(recipe, part))
        last = self._log(recipe, part).read_text(errors="replace").strip().splitlines()[-1:]
        raise UserError(f"{what}: {reason or ''.join(last) or f'ended with exit code {code}'}")

    def stop(self) -> None:
        """End every program that was started, and start no other."""
        with self._guard:
            self._stopped = True
            for process in self._processes:
                kill(process)

    def epochs(self) -> list[int]:
        """The last epoch that is done of each run that is being trained."""
        found = self.folder.glob("train/*/*/events.jsonl")
        return [epochs_done(events) for events in found if not is_finished(events.parent)]

    def _log(self, recipe: Recipe, part: str) -> Path:
        path = self.folder / "logs" / recipe.stage / recipe.address / f"{part or 'result'}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and what it has started, as a machine that goes down does."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def epochs_done(events: Path) -> int:
    """The last epoch of a run's `events.jsonl` that is done."""
    try:
        lines = events.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return 0
    for line in reversed(lines):
        with contextlib.suppress(json.JSONDecodeError):
            event = json.loads(line)
            if event["event"] == "on_epoch_end":
                return int(event["epoch"])
    return 0


def seconds(run: Path) -> float:
    """How long a run was trained, from its `metrics.csv`; 0 where that is not known."""
    try:
        with (run / "metrics.csv").open(newline="", encoding="utf-8") as file:
            return sum(float(row["seconds"]) for row in csv.DictReader(file))
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return 0.0
