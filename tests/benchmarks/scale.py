"""How planning and listing grow with the number of runs: time and memory of each call, from 100 runs to 10,000.

    python tests/benchmarks/scale.py [--runs 100 1000 10000] [--json FILE]

Lays out a copy of the project with a study of `runs / 10` variants and 10 seeds, lets Snakemake plan it from
nothing, fills its store with made-up results, and measures what a user then calls. Times are the processor's,
which other work on the machine disturbs least; the wall's beside them. Nothing is trained.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import made_up_store

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "profiles", "workflow", "config", "scripts", "envs", "pyproject.toml")
SEEDS = 10
STUDY = "scale"
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "2", "--config", f"study={STUDY}")
ASSAY = (sys.executable, "-m", "assay.command.main")


@dataclass(frozen=True)
class Measured:
    """What one call cost."""

    call: str
    runs: int
    processor_seconds: float
    wall_seconds: float
    peak_megabytes: float


def measure(call: str, runs: int, command: Sequence[str], project: Path) -> Measured:
    """Run a command in a project.

    Raises:
        subprocess.CalledProcessError: it failed; its output is in the exception.
    """
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        # a new process for each: what a process and those it waited for used at most is told once, at its end
        made = {**os.environ, "PYTHONPATH": str(project / "scripts")}
        process = subprocess.Popen(command, cwd=project, env=made, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, output.read().decode())
    megabytes = used.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    return Measured(call, runs, used.ru_utime + used.ru_stime, wall, megabytes)


def measure_all(runs: int, project: Path) -> Iterator[Measured]:
    """Every call on a study of so many runs, in an empty folder."""
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, project / name)
    study, variants = project / f"config/studies/{STUDY}.yaml", max(1, runs // SEEDS)
    made_up_store.write_study(study, variants, SEEDS)
    yield measure("plan from nothing", runs, (*SNAKEMAKE, "-n"), project)
    yield measure("assay why: nothing is there", runs, (*ASSAY, "why", STUDY), project)
    made_up = (sys.executable, str(Path(made_up_store.__file__)), STUDY)
    subprocess.run(
        made_up, cwd=project, check=True, env={**os.environ, "PYTHONPATH": str(project / "scripts")}
    )
    # its first call makes the views
    yield measure("all finished, first call", runs, SNAKEMAKE, project)
    yield measure("all finished", runs, SNAKEMAKE, project)
    for command in ("status", "why", "runs"):
        arguments = [command] if command == "runs" else [command, STUDY]
        yield measure(f"assay {command}, first call", runs, (*ASSAY, *arguments), project)
        yield measure(f"assay {command}", runs, (*ASSAY, *arguments), project)
    made_up_store.write_study(study, variants, SEEDS, first=0.5)
    yield measure("one variant changed", runs, (*SNAKEMAKE, "-n"), project)
    yield measure("assay why: one variant changed", runs, (*ASSAY, "why", STUDY), project)


def table(found: Sequence[Measured]) -> str:
    """Calls below each other, numbers of runs beside each other."""
    sizes = list(dict.fromkeys(item.runs for item in found))
    lines = ["| call | " + " | ".join(f"{size:,} runs" for size in sizes) + " |"]
    lines.append("| --- |" + " ---: |" * len(sizes))
    for call in dict.fromkeys(item.call for item in found):
        cells = {item.runs: item for item in found if item.call == call}
        shown = [
            f"{cells[size].processor_seconds:.1f} s, {cells[size].peak_megabytes:.0f} MB" for size in sizes
        ]
        lines.append(f"| {call} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--json", type=Path, help="file for the numbers")
    arguments = parser.parse_args()
    found: list[Measured] = []
    for runs in arguments.runs:
        with tempfile.TemporaryDirectory() as folder:
            for item in measure_all(runs, Path(folder)):
                found.append(item)
                seconds, wall = item.processor_seconds, item.wall_seconds
                print(f"{runs:6} runs: {item.call}: {seconds:.1f} s ({wall:.1f} s wall)", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(item) for item in found], indent=1) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
