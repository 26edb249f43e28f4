"""Compute a run, or a whole study, once more and compare every bit.

assay verify digits/plain/seed-0               a certificate, or where the two part
assay verify digits --seeds 2 --jobs 4         the first two seeds of every variant; tables and report
assay verify digits/plain/seed-0 --interrupt   kill the training at random moments, and continue it

Data, training and evaluation are computed in fresh processes, in a temporary folder beside the store; what is
in the store is only read. A run that is equal gets a certificate.json; exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from assay import finished, registry
from assay.command.progress import Progress
from assay.command.tasks import each
from assay.configuration import configure
from assay.errors import UserError
from assay.plan import load_plan
from assay.replay.programs import Replay
from assay.replay.subjects import Subject, of_run, of_study, of_tables
from assay.replay.temporary import temporary_store
from assay.replay.verification import Outcome, duration, verify
from assay.settings.config import MachineSettings
from assay.store import RECIPE
from assay.study.load import find
from assay.words import counted, duration_text

SHOWN = 10
"""Lines of damage that are shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument(
        "target", metavar="RUN|STUDY", help="a study, or a run: a folder, study/variant/seed-N, address/N"
    )
    parser.add_argument("--interrupt", action="store_true", help="also kill each training and continue it")
    parser.add_argument("--seeds", type=int, metavar="N", help="of a study, the first N seeds only")
    parser.add_argument("--jobs", type=int, default=1, metavar="K", help="runs at a time (default 1)")
    parser.add_argument("--set", default="", help="the overrides that Snakemake was given")
    parser.add_argument("--smoke", action="store_true", help="of the quick try")


def run(arguments: argparse.Namespace) -> None:
    """Verify, and print a line for each result."""
    for option in ("seeds", "jobs"):
        if (value := getattr(arguments, option)) is not None and value < 1:
            raise UserError(f"--{option}: must be a whole number from 1, not {value}")
    configuration = configure(set=arguments.set, smoke=arguments.smoke)
    store, machine = configuration.store, configuration.machine
    folder = _run_folder(store, arguments.target)
    if folder is not None:
        if arguments.seeds is not None:
            raise UserError(f"--seeds: is for a study; {arguments.target} is one run")
        subject, notes = of_run(store, folder)
        for note in notes:
            print(note, file=sys.stderr)
        _require_undamaged([subject])
        if not _verify([subject], store, machine, arguments):
            sys.exit(1)
        return
    plan = load_plan(study=[arguments.target], set=arguments.set, smoke=arguments.smoke)
    [study] = plan.studies
    runs, unfinished = of_study(study, store, arguments.seeds)
    if not runs:
        raise UserError(f"{study.study.name}: no run is finished; `snakemake` computes them")
    tables = [subject for subject in of_tables(study, store) if subject.results[0].is_there]
    _require_undamaged([*runs, *tables])
    for name in unfinished:
        print(f"{name}: is not finished")
    equal = _verify([*runs, *tables], store, machine, arguments)
    print(f"{study.study.name}: {_summary(equal, runs, tables, len(unfinished))}")
    if len(equal) < len(runs) + len(tables) or unfinished:
        sys.exit(1)


def _run_folder(store: Path, target: str) -> Path | None:
    """The folder of the run that is meant, None if a study is.

    Raises:
        UserError: there is neither.
    """
    if not any((path / RECIPE).exists() for path in (Path(target), store / "studies" / target)):
        try:
            find(target)
            return None
        except UserError:
            if target.endswith((".yaml", ".yml")) or not re.search(r"/|^[0-9a-f]{4,12}(-|$)", target):
                raise
    return registry.find(store, target)


def _require_undamaged(subjects: Iterable[Subject]) -> None:
    """Refuse results whose files are not as they were sealed, before anything is computed.

    Raises:
        UserError: names the files.
    """
    folders = {result.folder for subject in subjects for result in subject.results if result.is_there}
    progress = Progress()
    found: list[str] = []
    for number, folder in enumerate(sorted(folders), 1):
        progress.say(f"looking for damage: {number} of {len(folders)} results")
        found += finished.damage(folder)
    progress.clear()
    if found:
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise UserError("\n".join([*found[:SHOWN], *more, finished.AGAIN]))


def _verify(
    subjects: Sequence[Subject], store: Path, machine: MachineSettings, arguments: argparse.Namespace
) -> set[str]:
    """Verify all, print what came of each, and return the names of those that are equal."""
    equal: set[str] = set()
    seconds = [duration(subject) for subject in subjects]

    def report(subject: Subject, outcome: Outcome | UserError) -> bool:
        if isinstance(outcome, UserError):
            print(f"{subject.name}: cannot be computed again: {outcome}", flush=True)
        else:
            print(outcome.text, flush=True)
            if outcome.parting is None:
                equal.add(subject.name)
        return True

    told = f"{counted(len(subjects), 'result')}, " if len(subjects) > 1 else ""
    print(f"{told}about {duration_text(sum(seconds) / arguments.jobs)}", file=sys.stderr)
    with temporary_store(store) as folder:
        replay = Replay(store, folder, machine, ("prepare", "train"))
        work = functools.partial(verify, replay=replay, interrupt=arguments.interrupt)
        each(subjects, work, arguments.jobs, replay, seconds, report)
    return equal


def _summary(equal: set[str], runs: Sequence[Subject], tables: Sequence[Subject], unfinished: int) -> str:
    """What was found of a study, in one line."""
    good = sum(subject.name in equal for subject in runs)
    same = sum(subject.name in equal for subject in tables)
    told = [f"{good} of {counted(len(runs) + unfinished, 'run')} {'is' if good == 1 else 'are'} equal"]
    if tables:
        told.append(f"{same} of {len(tables)} tables, comparisons and reports made of them")
    if unfinished:
        told.append(f"{unfinished} not finished")
    return "; ".join(told)
