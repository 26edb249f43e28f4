"""A run that is killed at random moments while it is computed again, and started again until it is finished.

Each kill is SIGKILL to the program and all it has started, after it has saved a state (which it does often
here), at any moment of a step, of a validation or of the writing of a file.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.finished import is_finished
from assay.recipe import Recipe
from assay.replay.programs import Replay, kill
from assay.store import can_continue

EVERY = 60.0
"""A run is killed once, and once more for each of so many seconds that it takes, …"""
MOST = 5
"""… but no more often than this."""
MISSES = 8
"""A run that was finished so often before it could be killed is killed while it starts."""


@dataclass(frozen=True)
class Killed:
    """How often a run was killed, and where it was continued."""

    times: int
    continued: list[dict[str, int]]
    """Epoch and steps done of each start that went on from a saved state."""


def make_killed(replay: Replay, recipe: Recipe, part: str, file: Path | None, seconds: float) -> Killed:
    """Compute a run again with at least one kill; `replay.make` returns its folder then.

    Args:
        replay: computes.
        recipe: of the train stage.
        part: the folder of the run's seed.
        file: the recipe's file.
        seconds: how long the run trains, about.

    Raises:
        UserError: the program failed; says why.
    """
    out = replay.out(recipe, part)
    events = out / "events.jsonl"
    wanted = min(1 + int(seconds // EVERY), MOST)
    every = f"{max(seconds, 0.02) / 20 / 60:.9f}"
    times, misses, reach = 0, 0, seconds / wanted
    continued: list[dict[str, int]] = []
    while True:
        told = _size(events)
        process = replay.start(recipe, part, file, "--resume-every", every)
        if times == wanted:
            code: int | None = process.wait()
        else:
            code = _kill(process, out, told if misses < MISSES else None, random.uniform(0, reach))
        continued += _continued(events, told)
        if code is None:
            times += 1
            continue
        replay.require_success(code, recipe, part)
        if times:
            return Killed(times, continued)
        shutil.rmtree(out)
        misses, reach = misses + 1, reach / 2


def _kill(process: subprocess.Popen[bytes], out: Path, told: int | None, moment: float) -> int | None:
    """Kill a run some seconds after it trains and has a state, or after its start if `told` is None.

    Args:
        process: the run's.
        out: its folder.
        told: the size of its `events.jsonl` before this start.
        moment: seconds.

    Returns:
        None if it was killed; its exit code if it ended before.
    """
    until: float | None = None
    while process.poll() is None:
        if until is None and (told is None or (_size(out / "events.jsonl") > told and can_continue(out))):
            until = time.monotonic() + moment
        if until is not None and time.monotonic() >= until:
            kill(process)
            process.wait()
            return 0 if is_finished(out) else None
        time.sleep(0.002)
    return process.returncode


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _continued(events: Path, told: int) -> list[dict[str, int]]:
    """Where the last start of a run went on, if it went on from a saved state."""
    if not events.exists():
        return []
    with events.open("rb") as file:
        file.seek(told)
        lines = file.read().decode(errors="replace").splitlines()
    found: list[dict[str, int]] = []
    for line in lines:
        try:
            event: dict[str, Any] = json.loads(line)
        except json.JSONDecodeError:  # it was being written when the process was killed
            continue
        if event["event"] == "on_resume":
            found.append({"epoch": event["epoch"], "step": event["step"]})
    return found
