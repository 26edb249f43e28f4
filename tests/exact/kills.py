"""Kill a run again and again, at random moments, and compare every byte with a run that was left alone.

    python tests/exact/kills.py --kills 100

A run is trained in a child process, which gets SIGKILL at a random moment of a step, of a validation or of
the writing of a file, in turn; the next child continues it. When a run has finished all the same, its files
are compared and another one starts, until the number of kills is reached.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2] / "scripts")]

from assay import numerics, single  # noqa: E402
from assay.configuration import configure  # noqa: E402
from assay.recipe import Recipe  # noqa: E402

SETTINGS: dict[str, Any] = {
    "data": {"source": "digits"},
    "model": {"name": "cnn", "channels": [4], "dropout": 0.3, "batch_norm": True},
    "training": {
        "epochs": 4,
        "batch_size": 50,
        "accumulate": 3,
        "warmup_epochs": 0.5,
        "clip_norm": 1.0,
        "scheduler": {"name": "plateau", "patience": 1},
        "augmentations": [{"name": "shift"}, {"name": "noise"}],
        "callbacks": [{"name": "early_stopping", "patience": 3}, {"name": "gradient_monitor", "interval": 7}],
        "keep_every": 2,
    },
}
PHASES = ("step", "validation", "writing")
OUTSIDE = 255


def main() -> None:
    """Kill as often as asked; exit code 1 if a byte differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="how often (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments, and of the first run")
    parser.add_argument("--set", default="", metavar='"A.B=1"', help="overrides of the run's settings")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = kill(arguments.kills, arguments.seed, arguments.set, Path(folder))
    print(json.dumps(told))
    sys.exit(1 if told["different"] else 0)


def kill(kills: int, seed: int, assignments: str, folder: Path) -> dict[str, Any]:
    """Kill runs in a folder; how often, when, and which files differ from those of runs left alone."""
    from assay.study.overrides import parse_assignments

    os.environ["ASSAY_RESULTS"] = str(folder / "store")
    recipe = single.from_settings(SETTINGS, parse_assignments(assignments), configure())
    numerics.set_environment(recipe.settings.numerics)
    phase = mmap.mmap(-1, 1)  # shared with the children
    moments = random.Random(seed)
    found: Counter[str] = Counter()
    different: list[str] = []
    runs = 0
    while sum(found.values()) < kills:
        alone, killed = folder / f"alone-{runs}", folder / f"killed-{runs}"
        assert _wait(_start(recipe, seed + runs, alone, phase)) == 0
        code = None
        while code is None:
            wanted = PHASES[sum(found.values()) % len(PHASES)]
            child = _start(recipe, seed + runs, killed, phase)
            code = _kill(child, phase, wanted, moments) if sum(found.values()) < kills else _wait(child)
            found[wanted] += code is None
            if sys.stderr.isatty():
                print(f"\r{sum(found.values())} of {kills} kills, {runs} runs", end="", file=sys.stderr)
        if code != 0:
            different.append(f"run {runs}: exit code {code}")
        different += [f"run {runs}: {name}" for name in compare(alone, killed)]
        runs += 1
    return {"kills": dict(found), "runs": runs, "different": different}


def compare(first: Path, second: Path) -> list[str]:
    """The files that carry bits and differ, and those that only one of two runs has."""
    apart = (
        "metrics.csv",
        "events.jsonl",
        "train.log",
        "error.log",
        "environment.json",
        "seal.json",
        ".claim",
        "uncommitted.patch",
        "figures",
    )
    names = {path.name for folder in (first, second) for path in folder.iterdir()} - set(apart)
    assert {"receipt.json", "history.json", "trace.jsonl", "best.pt", "last.pt", "recipe.yaml"} <= names
    return sorted(
        name
        for name in names
        if not ((first / name).exists() and (second / name).exists())
        or (first / name).read_bytes() != (second / name).read_bytes()
    )


def _start(recipe: Recipe, seed: int, out: Path, phase: mmap.mmap) -> int:
    """Train in a child process, which says in `phase` what it is doing; its process id."""
    import assay.training.run as stage
    import torch

    torch.optim.AdamW([torch.zeros(1)])  # imports the compiler, once for all children
    configuration = configure()
    prepared = single.prepared_data(recipe, seed, configuration.store, Path())
    phase[0] = OUTSIDE
    child = os.fork()
    if child:
        return child
    try:
        with _phases(phase):
            stage.run(
                recipe, seed, lambda: prepared, out, stage.Execution(device="cpu", resume_every_minutes=1e-6)
            )
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)


def _kill(child: int, phase: mmap.mmap, wanted: str, moments: random.Random) -> int | None:
    """Kill a child in a phase, some time after it began; its exit code if it was finished before."""
    time.sleep(moments.uniform(0, 0.4))
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if phase[0] == PHASES.index(wanted):
            time.sleep(moments.uniform(0, 0.002))
            os.kill(child, signal.SIGKILL)
            return None if _wait(child) == -signal.SIGKILL else 0
        time.sleep(0.0002)


def _wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@contextmanager
def _phases(phase: mmap.mmap) -> Iterator[None]:
    """Note in `phase` when a step, a validation or the writing of a file is going on."""
    import assay.store
    import assay.training.checkpoint
    import assay.training.loop
    import assay.training.resume

    def noted(module: Any, name: str, number: int) -> None:
        function = getattr(module, name)

        def wrapper(*arguments: Any, **settings: Any) -> Any:
            before, phase[0] = phase[0], number
            try:
                return function(*arguments, **settings)
            finally:
                phase[0] = before

        setattr(module, name, wrapper)

    noted(assay.training.loop, "take_step", 0)
    noted(assay.training.loop, "measure", 1)
    noted(assay.training.resume, "write_atomically", 2)
    noted(assay.training.checkpoint, "write_atomically", 2)
    noted(assay.store.os, "replace", 2)
    yield


if __name__ == "__main__":
    main()
