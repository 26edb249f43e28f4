"""A study of many small runs, by the workflow and by what a user would do instead, relative to the bare limit.

bare limit       one process a core trains its share of the runs in bare loops; imports once a core
shell loop       one process a run, as many at a time as there are cores, each with a bare loop
Hydra, joblib    Hydra's multirun, where it is installed: processes that each train many runs
Assay, to runs   `snakemake` in a fresh folder, until the last run is evaluated
Assay            the same, until the report is there
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from measuring import ENVIRONMENT, ROOT, Figures, in_turn, median, parser, ratio, show

PARTS = ("Snakefile", "profiles", "workflow", "config", "scripts", "envs", "pyproject.toml")
BARE, SHELL, HYDRA, RUNS, ASSAY = "bare limit", "shell loop", "Hydra, joblib", "Assay, to runs", "Assay"
STUDY = """\
base: {{model: {model}, training: {{epochs: {epochs}}}}}
variants: {{first: {{}}, second: {{training.learning_rate: 0.002}}, third: {{training.learning_rate: 0.003}}}}
seeds: {seeds}
"""
VARIANTS = 3
APPLICATION = """\
import sys, hydra
sys.path[:0] = {paths}
from omegaconf import DictConfig
@hydra.main(version_base=None)
def main(given: DictConfig) -> None:
    import study
    study.train(given.model, given.epochs, 1, given.data)
main()
"""


def main() -> None:
    """Measure, and show."""
    options = parser(__doc__)
    options.add_argument("--models", nargs="+", default=["cnn", "mlp"], choices=("cnn", "mlp"))
    options.add_argument("--epochs", type=int, default=20, help="of a run (default 20)")
    options.add_argument("--seeds", type=int, default=20, help=f"of each of {VARIANTS} variants (default 20)")
    options.add_argument("--cores", type=int, default=2, help="(default 2)")
    options.add_argument(
        "--train", nargs=4, metavar=("MODEL", "EPOCHS", "RUNS", "DATA"), help="bare runs, here"
    )
    arguments = options.parse_args()
    if arguments.train:
        model, epochs, runs, data = arguments.train
        train(model, int(epochs), int(runs), data)
        return
    rows = []
    for model in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            made = candidates(Path(folder), model, arguments.epochs, arguments.seeds, arguments.cores)
            found = in_turn(made, arguments.repetitions)
        found[RUNS] = [{"seconds": each.pop("to runs")} for each in found[ASSAY]]
        rows += [
            {
                "model": model,
                "candidate": name,
                "seconds": median(figures, "seconds"),
                "relative to the bare limit": ratio(figures, found[BARE], "seconds"),
            }
            for name, figures in found.items()
        ]
    facts = {"runs": VARIANTS * arguments.seeds, "epochs": arguments.epochs, "cores": arguments.cores}
    show("study", rows, arguments.json, **facts, repetitions=arguments.repetitions)


def train(model: str, epochs: int, runs: int, data: str) -> None:
    """Train so many runs, one after another, in this process."""
    import torch
    from bare import digits, loop

    torch.set_num_threads(1)
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            loop(model, digits(Path(data)), epochs, Path(folder))


def candidates(
    folder: Path, model: str, epochs: int, seeds: int, cores: int
) -> dict[str, Callable[[], Figures]]:
    """What is measured, by name."""
    for name in PARTS:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    (folder / "config/studies/small.yaml").write_text(STUDY.format(model=model, epochs=epochs, seeds=seeds))
    _workflow(folder, 1, "--until", "prepare")
    data = next((folder / "results/prepare").glob("*/fixed"))
    shutil.move(data, folder / "data")
    runs = VARIANTS * seeds
    command = [sys.executable, __file__, "--train", model, str(epochs)]

    def together(shares: list[int]) -> Figures:
        """One process for each share of the runs, as many at a time as there are cores."""
        began = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(cores) as pool:
            calls = [[*command, str(share), str(folder / "data")] for share in shares]
            for done in pool.map(lambda call: subprocess.run(call, env=ENVIRONMENT, check=True), calls):
                assert done.returncode == 0
        return {"seconds": time.perf_counter() - began}

    def hydra() -> Figures:
        application = folder / "application.py"
        paths = [str(ROOT / "scripts"), str(Path(__file__).parent)]
        application.write_text(APPLICATION.format(paths=paths))
        call = [
            sys.executable,
            application.name,
            "-m",
            "hydra/launcher=joblib",
            f"hydra.launcher.n_jobs={cores}",
        ]
        given = [f"+model={model}", f"+epochs={epochs}", f"+data={folder / 'data'}", f"+run=range({runs})"]
        began = time.perf_counter()
        subprocess.run([*call, *given], cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
        return {"seconds": time.perf_counter() - began}

    def workflow() -> Figures:
        shutil.rmtree(folder / "results")
        shutil.rmtree(folder / ".snakemake")
        began, clock = time.perf_counter(), time.time()
        _workflow(folder, cores)
        seconds = time.perf_counter() - began
        receipts = list((folder / "results/evaluate").glob("*/*/receipt.json"))
        assert len(receipts) == runs
        return {"seconds": seconds, "to runs": max(path.stat().st_mtime for path in receipts) - clock}

    found: dict[str, Callable[[], Figures]] = {
        BARE: lambda: together([runs * (core + 1) // cores - runs * core // cores for core in range(cores)]),
        SHELL: lambda: together([1] * runs),
        ASSAY: workflow,
    }
    if find_spec("hydra") and find_spec("hydra_plugins"):
        found[HYDRA] = hydra
    return found


def _workflow(folder: Path, cores: int, *arguments: str) -> None:
    """A call of the workflow in a folder."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        str(cores),
        "--config",
        "study=small",
        *arguments,
    ]
    environment = os.environ | {"PYTHONPATH": str(folder / "scripts")}
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stderr)


if __name__ == "__main__":
    main()
