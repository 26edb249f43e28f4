"""What the benchmarks share: candidates taken in turn, medians of ratios to one of them, a table and JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONPATH": os.pathsep.join([str(ROOT / "scripts"), str(ROOT / "tests/benchmarks")]),
}
"""For the processes that are measured: one thread each."""

Figures = dict[str, float]
"""Of one repetition of one candidate."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options of every benchmark."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--repetitions", type=int, default=5, metavar="N", help="of each candidate (default 5)")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return made


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
    """Print rows as a table and all of it as one line of JSON; write that to a file, too, if one is given."""
    columns = list(rows[0])
    cells = [columns, *([_text(row[column]) for column in columns] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    for row in cells:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    text = json.dumps({"benchmark": name, **machine, **facts, "rows": rows})
    print(text)
    if file is not None:
        file.write_text(text + "\n")


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
