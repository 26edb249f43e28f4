"""Runs that share a GPU, mixed precision, and what deterministic algorithms cost, for two sizes of model.

runs at once   `scripts/cohort.py --runs-per-gpu N`, as the workflow calls it, trains and evaluates the same seeds
               whatever N is; beside it the bare loop, which trains as many runs one after another in one
               process. Both from their start to their end, imports included
steps          one training step, as a recipe's `numerics` say: the default (float32 and deterministic), and each
               with one difference

`cnn` is the default CNN on the digits (8 x 8); `wide` has more filters, on made-up images that fill a GPU more.
The first GPU that CUDA_VISIBLE_DEVICES leaves is measured, and nothing else should be at work on it. Times are
wall times: give it a core for each of the runs at once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import device
import numpy as np
from assay import numerics, single
from assay.jsonfile import to_json
from assay.plan import load_plan
from assay.recipe import Recipe
from assay.settings.config import MachineSettings
from assay.store import RECEIPT, RECIPE
from bare import MODELS
from measuring import Figures, asked, in_turn, measured, median, parser, ratio, table, tell
from steps import ARITHMETIC, BARE, FLOAT32

RUNS, MEMORY = "runs a minute", "peak MB"
IMAGES = "images.npz"


@dataclass(frozen=True)
class Case:
    """A model and its data, planned and prepared."""

    model: str
    measured: Recipe
    trained: Recipe
    store: Path
    gpu: str | None
    epochs: int

    @property
    def data(self) -> Path:
        """The folder of the prepared data."""
        return self.trained.embedded["prepare"].folder(self.store) / "fixed"

    @property
    def device(self) -> str:
        """The device, as the configuration calls it."""
        return "cpu" if self.gpu is None else "cuda"


def main() -> None:
    """Measure, and show."""
    options = parser(__doc__, repetitions=3)
    options.add_argument("--device", default="cuda", choices=("cuda", "cpu"), help="cpu: to try this script")
    options.add_argument("--models", nargs="+", default=["cnn", "wide"], choices=("cnn", "wide"))
    options.add_argument(
        "--arithmetic", nargs="+", default=[*ARITHMETIC], choices=ARITHMETIC, metavar="NAME",
        help=f"of steps: {', '.join(ARITHMETIC)} (default all)",
    )  # fmt: skip
    options.add_argument(
        "--at-once", type=int, nargs="+", default=[1, 2, 4, 8, 16], metavar="N", help="(default 1 2 4 8 16)"
    )
    options.add_argument("--seeds", type=int, default=16, help="runs of each candidate (default 16)")
    options.add_argument("--epochs", type=int, default=20, help="of a run (default 20)")
    options.add_argument("--samples", type=int, default=4096, help="of made-up images (default 4096)")
    options.add_argument("--side", type=int, default=64, help="of a made-up image, in pixels (default 64)")
    arguments = options.parse_args()
    at_once = sorted({1, *arguments.at_once})
    if arguments.seeds < at_once[-1]:
        options.error(f"--seeds: fewer than {at_once[-1]} cannot run at once")
    gpu = device.choose(arguments.device)
    facts = device.facts(gpu)
    runs: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    for model in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            case = _prepared(model, Path(folder), gpu, arguments)
            runs += _runs_at_once(case, at_once, arguments.seeds, arguments.repetitions)
            steps += _steps(case, arguments.arithmetic, arguments.repetitions)
    print(", ".join(f"{name} {value}" for name, value in facts.items()), end="\n\n")
    table(runs)
    print()
    table(steps)
    print()
    given = {name: vars(arguments)[name] for name in ("repetitions", "seeds", "epochs", "samples", "side")}
    tell("gpu", arguments.json, **facts, **given, runs=runs, steps=steps)


def _prepared(model: str, folder: Path, gpu: str | None, arguments: argparse.Namespace) -> Case:
    """Plan a study of one variant in a folder, and prepare its data."""
    base = {"model": {"name": "cnn", **MODELS[model]}, "training": {"epochs": arguments.epochs}}
    if model == "wide":
        side, count = arguments.side, arguments.samples
        images = np.random.default_rng(0).standard_normal((count, 3, side, side), np.float32)
        np.savez(folder / IMAGES, inputs=images, targets=np.arange(count) % 10)
        base["data"] = {"source": {"name": "npz", "path": IMAGES}}
    study = folder / "gpu.yaml"
    study.write_text(to_json({"base": base, "variants": {model: {}}, "seeds": arguments.seeds}))
    os.environ["ASSAY_RESULTS"] = str(folder / "results")  # whatever it is for who measures
    plan = load_plan({"study": str(study), "machine": {"data": str(folder)}})
    plan.write_recipes()
    [variant] = plan.studies[0].variants
    single.prepared_data(variant.train, 0, plan.store, folder)
    return Case(model, variant.measured, variant.train, plan.store, gpu, arguments.epochs)


def _runs_at_once(case: Case, at_once: Sequence[int], seeds: int, repetitions: int) -> list[dict[str, Any]]:
    """A row a number of runs at once, and one for the bare loop."""
    candidates = {BARE: lambda: _bare_runs(case, seeds)}
    candidates |= {_name(number): lambda n=number: _cohort(case, seeds, n) for number in at_once}
    found = in_turn(candidates, repetitions)
    return [
        {
            "model": case.model,
            "candidate": name,
            RUNS: median(figures, RUNS),
            f"relative to {_name(1)}": ratio(figures, found[_name(1)], RUNS),
            f"relative to the {BARE}": ratio(figures, found[BARE], RUNS),
            MEMORY: _memory(figures),
        }
        for name, figures in found.items()
    ]


def _name(at_once: int) -> str:
    return f"{at_once} at once"


def _bare_runs(case: Case, runs: int) -> Figures:
    """So many runs by the bare loop, in one process, with the arithmetic of Assay's defaults."""
    command = ["tests/benchmarks/bare.py", case.model, str(case.epochs), str(runs), str(case.data)]
    arithmetic = numerics.environment(case.trained.settings.numerics)
    environment = device.environment(case.gpu) | arithmetic
    return _timed(case, [*command, "--device", case.device, "--deterministic"], environment, runs)


def _cohort(case: Case, runs: int, at_once: int) -> Figures:
    """So many seeds by one job of the workflow's, none of which is there before."""
    for kind in (case.trained, case.measured):
        for result in kind.folder(case.store).glob("seed-*"):
            shutil.rmtree(result)
    recipe = case.measured.folder(case.store) / RECIPE
    command = ["scripts/cohort.py", "--recipe", str(recipe), "--seeds", *map(str, range(runs))]
    command += ["--store", str(case.store), *MachineSettings(device=case.device).arguments().split()]
    environment = device.environment(case.gpu)
    figures = _timed(case, [*command, "--runs-per-gpu", str(at_once)], environment, runs)
    assert len([*case.measured.folder(case.store).glob(f"seed-*/{RECEIPT}")]) == runs
    return figures


def _timed(case: Case, command: Sequence[str], environment: dict[str, str], runs: int) -> Figures:
    """How many of a process's runs fit into a minute, and the memory that they need on the GPU together."""
    with device.peak_memory(case.gpu) as peak:
        seconds = measured(command, environment)["seconds"]
    return {RUNS: 60 * runs / seconds, **peak}


def _steps(case: Case, arithmetic: Sequence[str], repetitions: int) -> list[dict[str, Any]]:
    """A row an arithmetic, and one for the bare loop."""
    given = [case.model, str(case.epochs), str(case.trained.folder(case.store) / RECIPE), str(case.data)]
    with ExitStack() as stack:
        candidates: dict[str, Callable[[], Figures]] = {}
        for name in dict.fromkeys((BARE, FLOAT32, *arithmetic)):
            command = ["tests/benchmarks/steps.py", name, *given, "--device", case.device]
            candidates[name] = stack.enter_context(asked(name, command, device.environment(case.gpu)))
        found = in_turn(candidates, repetitions)
    return [
        {
            "model": case.model,
            "candidate": name,
            "ms a step": median(figures, "ms a step"),
            f"time relative to {FLOAT32}": ratio(figures, found[FLOAT32], "ms a step"),
            MEMORY: _memory(figures),
        }
        for name, figures in found.items()
    ]


def _memory(figures: Sequence[Figures]) -> float | None:
    """The median of the peaks, if they could be had."""
    return median(figures, MEMORY) if all(MEMORY in each for each in figures) else None


if __name__ == "__main__":
    main()
