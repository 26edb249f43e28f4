"""How planning and listing grow with the number of runs: time and memory of each call, from 100 runs to 10,000.

Lays out a copy of the project with a study of `runs / 10` variants and 10 seeds, lets Snakemake plan it from
nothing, fills its store with made-up results, and measures what a user then calls, each once. Times are the
processor's, which other work on the machine disturbs least; the wall's are in the JSON. Nothing is trained.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import made_up_store
from measuring import ENVIRONMENT, Figures, lay_out, measured, table, tell

SEEDS = 10
STUDY = "scale"
SNAKEMAKE = ("-m", "snakemake", "--cores", "2", "--config", f"study={STUDY}")
ASSAY = ("-m", "assay.command.main")


def main() -> None:
    """Measure, and show."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, nargs="+", default=[100, 1_000, 10_000])
    options.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = options.parse_args()
    found: dict[str, dict[int, Figures]] = {}
    for runs in arguments.runs:
        with tempfile.TemporaryDirectory() as folder:
            for call, figures in calls(runs, Path(folder)):
                found.setdefault(call, {})[runs] = figures
                print(f"{runs:6} runs: {call}: {_shown(figures)}", file=sys.stderr)
    table(
        [
            {"call": call} | {f"{runs:,} runs": _shown(figures) for runs, figures in sizes.items()}
            for call, sizes in found.items()
        ]
    )
    tell("scale", arguments.json, calls=found)


def calls(runs: int, project: Path) -> Iterator[tuple[str, Figures]]:
    """Every call on a study of so many runs, in an empty folder."""
    environment = ENVIRONMENT | {"PYTHONPATH": str(project / "scripts")}

    def call(*command: str) -> Figures:
        return measured(command, environment, project)

    lay_out(project)
    study, variants = project / f"config/studies/{STUDY}.yaml", max(1, runs // SEEDS)
    made_up_store.write_study(study, variants, SEEDS)
    yield "plan from nothing", call(*SNAKEMAKE, "-n")
    yield "assay why: nothing is there", call(*ASSAY, "why", STUDY)
    call(str(Path(made_up_store.__file__)), STUDY)
    # its first call makes the views
    yield "all finished, first call", call(*SNAKEMAKE)
    yield "all finished", call(*SNAKEMAKE)
    for command in ("status", "why", "runs"):
        arguments = [command] if command == "runs" else [command, STUDY]
        yield f"assay {command}, first call", call(*ASSAY, *arguments)
        yield f"assay {command}", call(*ASSAY, *arguments)
    made_up_store.write_study(study, variants, SEEDS, first=0.5)
    yield "one variant changed", call(*SNAKEMAKE, "-n")
    yield "assay why: one variant changed", call(*ASSAY, "why", STUDY)


def _shown(figures: Figures) -> str:
    return f"{figures['cpu']:.1f} s, {figures['peak MB']:.0f} MB"


if __name__ == "__main__":
    main()
