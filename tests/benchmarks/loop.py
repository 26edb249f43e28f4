"""Training throughput, relative to a bare PyTorch loop with the same data, model and number of epochs.

Every candidate has a process of its own, with one thread, that trains a whole run each time it is asked: what
is measured begins before the model is made and ends when all files are written. Imports are left out. Frameworks
that are not installed are left out; `pip install -r envs/requirements-benchmarks.lock` brings them.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from measuring import ENVIRONMENT, Figures, answers, asked, in_turn, median, parser, ratio, show

BARE, SAVING, ASSAY = "bare loop", "bare loop that saves each epoch", "Assay"
FRAMEWORKS = {
    "Lightning": "lightning",
    "HF Trainer": "transformers",
    "skorch": "skorch",
    "Keras on torch": "keras",
}
"""Name → package."""


def main() -> None:
    """Measure, and show."""
    options = parser(__doc__)
    options.add_argument("--models", nargs="+", default=["cnn", "mlp"], choices=("cnn", "mlp"))
    options.add_argument("--epochs", type=int, default=20, help="of a run (default 20)")
    options.add_argument("--without-frameworks", action="store_true", help="Assay and bare loops only")
    options.add_argument("--process", nargs=2, metavar=("NAME", "STORE"), help="what each candidate runs as")
    arguments = options.parse_args()
    if arguments.process:
        answer, (name, store) = answers(), arguments.process
        measure = _candidate(name, Path(store), arguments.models[0], arguments.epochs)
        for _ in sys.stdin:
            answer(measure())
        return
    names = [BARE, SAVING, ASSAY]
    if not arguments.without_frameworks:
        names += [name for name, package in FRAMEWORKS.items() if importlib.util.find_spec(package)]
    rows: list[dict[str, Any]] = []
    for model in arguments.models:
        rows += _measured(model, names, arguments.epochs, arguments.repetitions)
    show("loop", rows, arguments.json, epochs=arguments.epochs, repetitions=arguments.repetitions)


def _measured(model: str, names: Sequence[str], epochs: int, repetitions: int) -> list[dict[str, Any]]:
    """A row a candidate."""
    with ExitStack() as stack:
        store = stack.enter_context(tempfile.TemporaryDirectory())
        candidates = {name: stack.enter_context(_process(name, store, model, epochs)) for name in names}
        for train in candidates.values():  # what is done once only: caches, lazy imports
            train()
        found = in_turn(candidates, repetitions)
    return [
        {
            "model": model,
            "candidate": name,
            "seconds": median(found[name], "seconds"),
            "throughput": ratio(found[BARE], found[name], "seconds"),
            "by CPU time": ratio(found[BARE], found[name], "cpu"),
        }
        for name in names
    ]


def _process(name: str, store: str, model: str, epochs: int) -> AbstractContextManager[Callable[[], Figures]]:
    """A candidate's process, as a function that has it train once."""
    program = [str(Path(__file__).resolve()), "--process", name, store]
    options = ["--models", model, "--epochs", str(epochs)]
    return asked(name, [*program, *options], ENVIRONMENT | {"ASSAY_RESULTS": store})


def _candidate(name: str, store: Path, model: str, epochs: int) -> Callable[[], Figures]:
    """What trains once, and says how long that took."""
    trains = _trains(name, store, model, epochs)

    def measure() -> Figures:
        folder = store / "run"
        folder.mkdir()
        wall, cpu = time.perf_counter(), time.process_time()
        trains(folder)
        taken = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        shutil.rmtree(folder)
        return taken

    return measure


def _trains(name: str, store: Path, model: str, epochs: int) -> Callable[[Path], Any]:
    """What trains once, in a folder."""
    from assay import numerics, single
    from assay.configuration import configure

    settings = {"model": {"name": model}, "training": {"epochs": epochs}}
    recipe = single.from_settings(settings, {}, configure())
    numerics.set_environment(recipe.settings.numerics)
    prepared = single.prepared_data(recipe, 0, store, Path())
    import torch

    torch.set_num_threads(1)
    if name == ASSAY:
        from assay.training import run

        return lambda folder: run.run(recipe, 0, lambda: prepared, folder)
    import bare

    data = bare.load(recipe.embedded["prepare"].folder(store) / "fixed")
    if name in (BARE, SAVING):
        return lambda folder: bare.loop(model, data, epochs, folder if name == SAVING else None)
    import frameworks

    return frameworks.FRAMEWORKS[name](model, data, epochs)


if __name__ == "__main__":
    main()
