"""A study of many small runs, by the workflow and by what a user would do instead, relative to the bare limit.

bare limit       one process a core trains its share of the runs in bare loops; imports once a core
shell loop       one process a run, as many at a time as there are cores, each with a bare loop
Hydra, joblib    Hydra's multirun, where it is installed: processes that each train many runs
Assay, to runs   `snakemake` in a fresh folder, until the last run is evaluated
Assay            the same, until the report is there
"""

from __future__ import annotations

import concurrent.futures
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from measuring import ENVIRONMENT, ROOT, Figures, in_turn, lay_out, measured, median, parser, ratio, show

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
    import pathlib, bare
    bare.train(given.model, given.epochs, 1, bare.load(pathlib.Path(given.data)))
main()
"""


def main() -> None:
    """Measure, and show."""
    options = parser(__doc__)
    options.add_argument("--models", nargs="+", default=["cnn", "mlp"], choices=("cnn", "mlp"))
    options.add_argument("--epochs", type=int, default=20, help="of a run (default 20)")
    options.add_argument("--seeds", type=int, default=20, help=f"of each of {VARIANTS} variants (default 20)")
    options.add_argument("--cores", type=int, default=2, help="(default 2)")
    arguments = options.parse_args()
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


def candidates(
    folder: Path, model: str, epochs: int, seeds: int, cores: int
) -> dict[str, Callable[[], Figures]]:
    """What is measured, by name."""
    lay_out(folder)
    (folder / "config/studies/small.yaml").write_text(STUDY.format(model=model, epochs=epochs, seeds=seeds))
    _workflow(folder, 1, "--until", "prepare")
    data = next((folder / "results/prepare").glob("*/fixed"))
    shutil.move(data, folder / "data")
    runs = VARIANTS * seeds
    program = str(ROOT / "tests/benchmarks/bare.py")

    def together(shares: list[int]) -> Figures:
        """One process for each share of the runs, as many at a time as there are cores."""
        began = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(cores) as pool:
            calls = [[program, model, str(epochs), str(share), str(folder / "data")] for share in shares]
            list(pool.map(measured, calls))
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
    environment = ENVIRONMENT | {"PYTHONPATH": str(folder / "scripts")}
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stderr)


if __name__ == "__main__":
    main()
