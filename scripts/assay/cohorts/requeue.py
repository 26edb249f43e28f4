"""A job whose time is over, or that must make room, asks Slurm to start it again, when there is room.

Slurm warns with SIGUSR1 before a job's time is over (`--signal`, which jobs that train ask for), and before
it preempts one where the cluster is so configured. It does not warn a job that it started again (22.05), and
others may be preempted without a warning: they get SIGTERM, as by `scancel`, and what Slurm says of the job
tells these apart. Snakemake sees the same job wait and run again, and counts no attempt. What `scancel`
ended, the next call of Snakemake continues.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from assay.store import RECEIPT, RESUME

WARNING, END = "SIGUSR1", "SIGTERM"
OVER = re.compile(r"\b(Reason=TimeLimit|JobState=(TIMEOUT|PREEMPTED)|PreemptTime=\d)")
"""What Slurm says of a job that it ended, and not its user."""
TIMEOUT = 20
"""Seconds to wait for Slurm's controller: between SIGTERM and SIGKILL are usually 30."""

log = logging.getLogger("assay.cohorts.requeue")


def last_saved(folders: Sequence[Path]) -> list[int]:
    """When each result was last saved or finished."""
    return [_changed(folder / name) for folder in folders for name in (RESUME, RECEIPT)]


def requeue_if_time_is_over(signal: str, folders: Sequence[Path], before: Sequence[int]) -> bool:
    """Ask Slurm to start this job again, if it leaves because its time is over; whether Slurm will.

    A job in which no run came further is not started again: it would go on so for ever.

    Args:
        signal: the name of the one because of which it leaves.
        folders: those of the results that it computes.
        before: when they were last saved before it began.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if job is None or not _is_over(job, signal):
        return False
    if last_saved(folders) == before:
        log.error("the job's time was over before any run came further; set resources.train.runtime higher")
        return False
    log.info(f"job {job}: its time is over; it asks Slurm to be started again")
    return _scontrol("requeue", job) is not None


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _is_over(job: str, signal: str) -> bool:
    if signal == END:
        return OVER.search(_scontrol("show", "job", job) or "") is not None
    return signal == WARNING


def _scontrol(*arguments: str) -> str | None:
    """What Slurm's controller answers; None, and a line in the log, if it does not."""
    try:
        told = subprocess.run(
            ["scontrol", *arguments], capture_output=True, text=True, timeout=TIMEOUT, check=True
        )
        return told.stdout
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    log.error(f"scontrol {' '.join(arguments)}: {reason}; the next call continues")
    return None
