"""A cohort's work: each run is trained, then evaluated, in processes of its own; a line a run tells how."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
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
class Run:
    """One seed of a variant: its training, and perhaps its evaluation."""

    recipes: tuple[Recipe, ...]
    """Those of the results, each made of the one before."""
    seed: int

    @property
    def variant(self) -> str:
        """Study and variant, for people; the address where no study made the recipe."""
        made_by = self.recipes[0].made_by
        return f"{made_by['study']}/{made_by['variant']}" if made_by else self.recipes[0].address

    @property
    def name(self) -> str:
        """Study, variant and seed, for people."""
        return f"{self.variant}, seed {self.seed}"

    @property
    def results(self) -> list[Job]:
        """What it leaves, in that order."""
        return [Job(recipe, seed_folder(self.seed)) for recipe in self.recipes]


@dataclass(frozen=True)
class Cohort:
    """Runs, and where and how they are computed."""

    runs: tuple[Run, ...]
    machine: MachineSettings

    @property
    def store(self) -> Path:
        """The store."""
        return Path(self.machine.results)

    @property
    def folders(self) -> list[Path]:
        """Those of all results."""
        return [job.folder(self.store) for run in self.runs for job in run.results]

    def unfinished(self) -> list[Unfinished]:
        """The runs that are not finished, with the steps that each still needs."""
        found = (Unfinished(run, [job for job in run.results if self._is_to_do(job)]) for run in self.runs)
        return [run for run in found if run.steps]

    def _is_to_do(self, job: Job) -> bool:
        try:
            return not program.is_done(job.folder(self.store), job.recipe, seed_of(job.part))
        except UserError:  # the program will say so, where it is noted as this run's failure
            return True

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
    """A run that is not finished."""

    run: Run
    steps: list[Job]
    """Those to come; the first may be going on."""
    began: float = 0.0


class Running:
    """The processes of a cohort, as they come and go.

    Args:
        cohort: whose.
        done: how many of its runs were finished before.
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

    def go_on(self, unfinished: Unfinished) -> None:
        """Start the next step of a run, unless a signal came."""
        with held_back():  # none comes between the question and the answer
            if not self.interrupt.signal:
                self.processes[self.cohort.start(unfinished.steps[0])] = unfinished

    def wait(self) -> None:
        """Wait for any process to end, and go on with its run."""
        process, status = os.wait()
        unfinished = self.processes.pop(process)
        job, code = unfinished.steps.pop(0), os.waitstatus_to_exitcode(status)
        if code in (program.CONTINUE_ME, program.INTERRUPTED) or -code in SIGNALS:
            self.interrupt.signal = self.interrupt.signal or "a signal"
        elif code:
            self._fail(unfinished.run, job, code)
        elif unfinished.steps:
            self.go_on(unfinished)
        else:
            self.done += 1
            self._tell(unfinished.run, f"done in {time.monotonic() - unfinished.began:.1f} s")

    def _tell(self, run: Run, what: str) -> None:
        """Tell whoever started the workflow how a run went."""
        count = len(self.cohort.runs)
        of = f" ({self.done} of {count})" if count > 1 else ""
        print(f"{run.name}: {what}{of}", flush=True)

    def _fail(self, run: Run, job: Job, code: int) -> None:
        store = self.cohort.store
        folder, log = job.folder(store), log_of(job, store)
        if code < 0 and not is_finished(folder):
            name = signal.Signals(-code).name
            why = "; the machine may have run out of memory" if name == "SIGKILL" else ""
            program.note_failure(folder, "killed", f"the process was ended by {name}{why}")
        said = log.read_text(errors="replace").strip() if log.exists() else ""
        reason = program.failure_reason(folder) or said.rpartition("\n")[2] or f"ended with exit code {code}"
        print(f"{said}\n{log}: the end of what it said", file=sys.stderr, flush=True)
        self.failed.append(f"{run.name}: {job.recipe.stage}: {reason}")
        self._tell(run, f"failed: {reason}")


def compute(cohort: Cohort, waiting: Sequence[Unfinished], at_once: int, is_on_cluster: bool) -> list[str]:
    """Compute runs, one after another or several at once; why some failed, a line each.

    A run that fails harms no other; a signal is passed on, and no run is begun after it.

    Args:
        cohort: whose runs.
        waiting: those to compute.
        at_once: how many at the same time.
        is_on_cluster: this is a job of a cluster, which may ask to be started again.

    Raises:
        Interrupted: a signal came; states are saved.
    """
    left, before = list(waiting), requeue.last_saved(cohort.folders)
    running = Running(cohort, len(cohort.runs) - len(left))
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
        again = is_on_cluster and requeue.requeue_if_time_is_over(reason, cohort.folders, before)
        then = "Slurm starts this job again" if again else "the next call continues"
        variants = [*dict.fromkeys(run.variant for run in cohort.runs)]
        of = variants[0] if len(variants) == 1 else f"{len(variants)} variants"
        raise Interrupted(f"{of}: left at {reason}; {then}")
    return running.failed
