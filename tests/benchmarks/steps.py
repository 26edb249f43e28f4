"""A process of `gpu.py`: trains some epochs each time it is asked, and says how long a step took.

A step is the training loop's own, or the bare loop's. A GPU's work is over when an epoch's sums are fetched.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay import numerics, recipe
from assay.settings.stages import TrainSettings
from assay.settings.training import NumericsSettings
from measuring import Figures, answers

BARE, FLOAT32 = "bare loop", "float32"
ARITHMETIC: dict[str, dict[str, Any]] = {
    FLOAT32: {},
    "not deterministic": {"deterministic": False},
    "TF32": {"tf32": True},
    "bfloat16": {"mixed_precision": "bf16"},
    "float16": {"mixed_precision": "fp16"},
}
"""Candidate → what differs from the recipe's `numerics`. The bare loop computes as the recipe says."""


def main() -> None:
    """Answer."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("candidate", choices=[BARE, *ARITHMETIC])
    options.add_argument("model", help="that the bare loop trains")
    options.add_argument("epochs", type=int)
    options.add_argument("recipe", type=Path, help="of a train stage")
    options.add_argument("data", type=Path, help="folder of prepared data")
    options.add_argument("--device", required=True)
    arguments = options.parse_args()
    answer, measure = answers(), _candidate(arguments)
    for _ in sys.stdin:
        answer(measure())


def _candidate(arguments: argparse.Namespace) -> Callable[[], Figures]:
    """What trains epochs, the first of them before anything is measured."""
    settings = recipe.from_yaml(arguments.recipe).settings
    different = ARITHMETIC.get(arguments.candidate, {})
    arithmetic = NumericsSettings(**settings.numerics.model_dump() | different)
    settings = settings.model_copy(update={"numerics": arithmetic})
    numerics.set_environment(arithmetic)
    import bare
    import torch

    numerics.configure(arithmetic)
    if arguments.candidate == BARE:
        data = bare.load(arguments.data, arguments.device)
        train, samples = _bare(arguments.model, data), len(data.inputs)
    else:
        train, samples = _assay(settings, arguments.data, arguments.device)
    steps = arguments.epochs * -(-samples // settings.training.batch_size)
    train(1)
    done = 1

    def measure() -> Figures:
        nonlocal done
        on_gpu = torch.cuda.is_initialized()
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        for _ in range(arguments.epochs):
            done += 1
            train(done)
        figures = {"ms a step": 1000 * (time.perf_counter() - began) / steps}
        return figures | ({"peak MB": torch.cuda.max_memory_allocated() / 2**20} if on_gpu else {})

    return measure


def _bare(model: str, data: Any) -> Callable[[int], Any]:
    """What trains an epoch by hand."""
    import bare

    made = bare.network(model, data)
    optimizer = bare.adamw(made)
    return lambda epoch: bare.train_epoch(made, optimizer, data, epoch)


def _assay(settings: TrainSettings, folder: Path, name: str) -> tuple[Callable[[int], Any], int]:
    """What trains an epoch as a run does, and the number of its samples."""
    from assay.data.prepared import load
    from assay.training.batches import load_part
    from assay.training.build import build_run, choose_device
    from assay.training.loop import Keeper, train_epoch

    prepared, device = load(folder), choose_device(name)
    run = build_run(settings, prepared, 0, device)
    part = load_part(prepared, "train", device)

    def train(epoch: int) -> None:
        assert run.epoch == epoch
        train_epoch(run, part, Keeper())
        run.next_epoch()

    return train, len(part)


if __name__ == "__main__":
    main()
