"""A cohort's work: each seed is trained, then evaluated, in processes of its own; a line a seed tells how."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assay import program
from assay.cohorts import forked, requeue
from assay.commands import arguments, program_file
from assay.errors import Interrupted, UserError
from assay.finished import is_finished
from assay.jobs import Job, inputs
from assay.recipe import Recipe
from assay.settings.config import MachineSettings
from assay.store import RECIPE, seed_folder, seed_of
from assay.training.interrupt import SIGNALS, Interrupt, held_back, listening

LOGS = {"train": "error.log", "evaluate": "evaluate.log"}
"""Stage → the file in a result's folder that takes what its program says."""


@dataclass(frozen=True)
class Cohort:
    """Seeds of one recipe, which may be one that evaluates, and all that they are computed with."""

    recipes: tuple[Recipe, ...]
    """What is done with each seed, one after the other."""
    seeds: tuple[int, ...]
    machine: MachineSettings

    @property
    def store(self) -> Path:
        """The store."""
        return Path(self.machine.results)

    @property
    def name(self) -> str:
        """Study and variant, for people; the address where no study made the recipe."""
        made_by = self.recipes[0].made_by
        return f"{made_by['study']}/{made_by['variant']}" if made_by else self.recipes[0].address

    @property
    def folders(self) -> list[Path]:
        """Those of all results."""
        return [
            Job(recipe, seed_folder(seed)).folder(self.store)
            for recipe in self.recipes
            for seed in self.seeds
        ]

    def steps(self, seed: int) -> Iterator[Job]:
        """What is still to do for a seed."""
        for recipe in self.recipes:
            job = Job(recipe, seed_folder(seed))
            try:
                done = program.is_done(job.folder(self.store), recipe, seed)
            except UserError:  # the program will say so, where it is noted as this seed's failure
                done = False
            if not done:
                yield job

    def start(self, job: Job) -> int:
        """Start the program of a job; the id of its process."""
        recipe, out = job.recipe, job.folder(self.store)
        read = [place.folder(self.store) for place in inputs(recipe, job.part)]
        file = recipe.folder(self.store) / RECIPE
        command = arguments(recipe, job.part, file, read, self.machine, self.store)
        return forked.start(program_file(recipe), [*command, "--out", str(out)], log_of(job, self.store))


def log_of(job: Job, store: Path) -> Path:
    """What a job's program says."""
    return job.folder(store) / LOGS[job.recipe.stage]


@dataclass
class Unfinished:
    """A seed that is not finished."""

    steps: list[Job]
    """Those to come; the first may be going on."""
    began: float = 0.0


class Running:
    """The processes of a cohort, as they come and go.

    Args:
        cohort: whose.
        done: how many of its seeds were finished before.
    """

    def __init__(self, cohort: Cohort, done: int) -> None:
        self.cohort = cohort
        self.done = done
        self.processes: dict[int, Unfinished] = {}
        self.failed: list[str] = []
        self.interrupt = Interrupt()

    def pass_on(self, number: int) -> None:
        """Send a signal to every process: each saves its state and leaves."""
        for process in self.processes:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(process, number)

    def go_on(self, seed: Unfinished) -> None:
        """Start the next step of a seed, unless a signal came."""
        with held_back():  # none comes between the question and the answer
            if not self.interrupt.signal:
                self.processes[self.cohort.start(seed.steps[0])] = seed

    def wait(self) -> None:
        """Wait for any process to end, and go on with its seed."""
        process, status = os.wait()
        seed = self.processes.pop(process)
        job, code = seed.steps.pop(0), os.waitstatus_to_exitcode(status)
        if code in (program.CONTINUE_ME, program.INTERRUPTED) or -code in SIGNALS:
            self.interrupt.signal = self.interrupt.signal or "a signal"
        elif code:
            self._fail(job, code)
        elif seed.steps:
            self.go_on(seed)
        else:
            self.done += 1
            self._tell(job, f"done in {time.monotonic() - seed.began:.1f} s")

    def _tell(self, job: Job, what: str) -> None:
        """Tell whoever started the workflow how a seed went."""
        count = len(self.cohort.seeds)
        of = f" ({self.done} of {count})" if count > 1 else ""
        print(f"{self.cohort.name}, seed {seed_of(job.part)}: {what}{of}", flush=True)

    def _fail(self, job: Job, code: int) -> None:
        store = self.cohort.store
        folder, log = job.folder(store), log_of(job, store)
        if code < 0 and not is_finished(folder):
            name = signal.Signals(-code).name
            why = "; the machine may have run out of memory" if name == "SIGKILL" else ""
            program.note_failure(folder, "killed", f"the process was ended by {name}{why}")
        said = log.read_text(errors="replace").strip() if log.exists() else ""
        reason = program.failure_reason(folder) or said.rpartition("\n")[2] or f"ended with exit code {code}"
        print(f"{said}\n{log}: the end of what it said", file=sys.stderr, flush=True)
        self.failed.append(f"{self.cohort.name}, seed {seed_of(job.part)}: {job.recipe.stage}: {reason}")
        self._tell(job, f"failed: {reason}")


def run(
    cohort: Cohort, waiting: Sequence[Unfinished], at_once: int, is_sent_by_workflow: bool = False
) -> None:
    """Compute seeds, one after another or several at once.

    A seed that fails harms no other; a signal is passed on, and no seed is begun after it.

    Args:
        cohort: whose seeds.
        waiting: those to compute.
        at_once: how many at the same time.
        is_sent_by_workflow: this is a job of a cluster, which may ask to be started again.

    Raises:
        UserError: seeds failed; names them.
        Interrupted: a signal came; states are saved.
    """
    left, before = list(waiting), requeue.last_saved(cohort.folders)
    running = Running(cohort, len(cohort.seeds) - len(left))
    with listening(running.pass_on) as running.interrupt:
        while left or running.processes:
            while left and len(running.processes) < at_once and not running.interrupt.signal:
                left[0].began = time.monotonic()
                running.go_on(left.pop(0))
            if not running.processes:
                break
            running.wait()
    if running.interrupt.signal:
        reason = running.interrupt.signal
        again = is_sent_by_workflow and requeue.requeue_if_time_is_over(reason, cohort.folders, before)
        then = "Slurm starts this job again" if again else "the next call continues"
        raise Interrupted(f"{cohort.name}: left at {reason}; {then}")
    if running.failed:
        raise UserError("\n".join(running.failed))


def to_do(cohort: Cohort) -> list[Unfinished]:
    """The seeds that are not finished, with the steps that each still needs."""
    found = [Unfinished(list(cohort.steps(seed))) for seed in cohort.seeds]
    return [seed for seed in found if seed.steps]
