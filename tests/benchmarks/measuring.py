"""What the benchmarks share: processes that are measured, candidates taken in turn, ratios, a table and JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "profiles", "workflow", "config", "scripts", "envs", "pyproject.toml")
"""What a copy of the project needs."""
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")},
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONPATH": os.pathsep.join([str(ROOT / "scripts"), str(ROOT / "tests/benchmarks")]),
}
"""For the processes that are measured: one thread each, and neither the store nor the seed of who measures."""

Figures = dict[str, float]
"""Of one repetition of one candidate."""


def parser(description: str | None, repetitions: int = 5) -> argparse.ArgumentParser:
    """The options of every benchmark."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--repetitions", type=int, default=repetitions, metavar="N",
        help=f"of each candidate (default {repetitions})",
    )  # fmt: skip
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return made


def lay_out(folder: Path) -> None:
    """Put a copy of the project in a folder."""
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)


def measured(
    command: Sequence[str], environment: Mapping[str, str] = ENVIRONMENT, folder: Path = ROOT
) -> Figures:
    """What a Python process takes: seconds, those of the processor, the largest resident set in MB.

    The processor's are also those of the processes that it waited for; the resident set is the largest of one.
    """
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{said.read().decode()}\n{' '.join(command)}: exit code {process.returncode}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak MB": used.ru_maxrss / unit}


@contextmanager
def asked(
    name: str, command: Sequence[str], environment: Mapping[str, str] = ENVIRONMENT
) -> Iterator[Callable[[], Figures]]:
    """A Python process, as a function that asks it for figures: by a line, which it `answers`."""
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def ask() -> Figures:
            try:
                questions.write("measure\n")
                questions.flush()
            except BrokenPipeError:
                sys.exit(f"{name}: its process ended")
            told = answers.readline()
            if not told:
                sys.exit(f"{name}: its process ended")
            return dict(json.loads(told))

        try:
            yield ask
        finally:
            with suppress(BrokenPipeError):
                questions.close()


def answers() -> Callable[[Figures], None]:
    """What a process of `asked` answers with; what else it prints goes to standard error from now on."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # frameworks print
    return lambda figures: print(json.dumps(figures), file=told, flush=True)


def in_turn(candidates: Mapping[str, Callable[[], Figures]], repetitions: int) -> dict[str, list[Figures]]:
    """The figures of each candidate's repetitions: all of them once, then all of them again."""
    found: dict[str, list[Figures]] = {name: [] for name in candidates}
    for repetition in range(repetitions):
        for name, measure in candidates.items():
            print(f"\r\033[K{repetition + 1} of {repetitions}: {name} ", end="", file=sys.stderr, flush=True)
            found[name].append(measure())
    print("\r\033[K", end="", file=sys.stderr, flush=True)
    return found


def median(figures: Iterable[Figures], name: str) -> float:
    """The median of one figure over all repetitions."""
    return statistics.median(each[name] for each in figures)


def ratio(figures: Sequence[Figures], others: Sequence[Figures], name: str) -> float:
    """The median over repetitions of a figure's ratio to that of another candidate, taken just before or after."""
    return statistics.median(own[name] / other[name] for own, other in zip(figures, others, strict=True))


def show(name: str, rows: Sequence[Mapping[str, Any]], file: Path | None, **facts: Any) -> None:
    """Print rows as a table, then all of it as `tell` does."""
    table(rows)
    tell(name, file, **facts, rows=rows)


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table in Markdown."""
    columns = list(rows[0])
    cells = [columns, *([_text(row[column]) for column in columns] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    cells.insert(1, ["-" * width for width in widths])
    for row in cells:
        print(f"| {' | '.join(text.ljust(width) for text, width in zip(row, widths, strict=True))} |")


def tell(name: str, file: Path | None, **facts: Any) -> None:
    """Print all that was found as one line of JSON; write that to a file, too, if one is given."""
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    text = json.dumps({"benchmark": name, **machine, **facts})
    print(text)
    if file is not None:
        file.write_text(text + "\n")


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
