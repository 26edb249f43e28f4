"""What ends a job, without a cluster: who asks to be started again, and what is said of the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from assay.cluster.endings import endings
from assay.cohorts import requeue
from assay.plan import Plan
from assay.store import RESUME

SCONTROL = """\
#!/bin/sh
echo "$@" >> {folder}/asked
[ "$1" = show ] && echo "JobId=7 JobState=COMPLETING Reason={reason} PreemptTime=None"
exit 0
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job of Slurm's; the file to which its questions to the controller go."""
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    answer(tmp_path, "None")
    return tmp_path / "asked"


def answer(folder: Path, reason: str) -> None:
    """Let Slurm say why the job ends."""
    program = folder / "scontrol"
    program.write_text(SCONTROL.format(folder=folder, reason=reason))
    program.chmod(0o755)


def leave(folder: Path, signal: str, saves: bool = True) -> None:
    """A run saves its state, or not, and leaves."""
    before = requeue.last_saved([folder])
    if saves:
        (folder / RESUME).write_text("state")
    requeue.requeue_if_time_is_over(signal, [folder], before)


@pytest.mark.parametrize(
    ("signal", "reason", "is_started_again"),
    [
        ("SIGUSR1", "None", True),
        ("SIGTERM", "TimeLimit", True),
        ("SIGTERM", "None", False),
        ("SIGINT", "TimeLimit", False),
    ],
)
def test_a_job_whose_time_is_over_asks_to_be_started_again_and_a_cancelled_one_does_not(
    asked: Path, signal: str, reason: str, is_started_again: bool
) -> None:
    answer(asked.parent, reason)
    leave(asked.parent, signal)
    said = asked.read_text().splitlines() if asked.exists() else []
    assert ("requeue 7" in said) == is_started_again


def test_a_job_that_came_no_further_does_not_ask(asked: Path, caplog: pytest.LogCaptureFixture) -> None:
    leave(asked.parent, "SIGUSR1", saves=False)
    assert not asked.exists()
    assert "set resources.train.runtime higher" in caplog.text


def test_outside_slurm_nobody_is_asked(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID")
    leave(asked.parent, "SIGUSR1")
    assert not asked.exists()


def test_a_controller_that_refuses_is_reported(asked: Path, caplog: pytest.LogCaptureFixture) -> None:
    (asked.parent / "scontrol").write_text("#!/bin/sh\necho 'Requested operation is disabled' >&2; exit 1\n")
    leave(asked.parent, "SIGUSR1")
    assert "scontrol requeue 7: Requested operation is disabled; the next call continues" in caplog.text


@dataclass(frozen=True)
class NoPlan:
    """A plan that knows none of the jobs."""

    recipes = {}


@pytest.mark.parametrize(
    ("rule", "said", "sentence"),
    [
        (
            "train",
            "slurmstepd: error: StepId=7.0 exceeded memory limit (335163392 > 209715200), being killed",
            "used 320 MB, and asked for 200 MB; set resources.train.memory higher in the study",
        ),
        (
            "train_4_seeds_from_0",
            "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0. Some of the step tasks have been OOM Killed.",
            "used more memory than it asked for; set resources.train.memory higher in the study",
        ),
        (
            "aggregate_study",
            "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***",
            "its time was over; set resources.aggregate.runtime higher in the study",
        ),
        (
            "report",
            "slurmstepd: error: *** STEP 7.0 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***",
            "was cancelled; the next call continues it",
        ),
        ("report", "error: the run failed", None),
    ],
)
def test_what_slurm_said_becomes_a_sentence(
    tmp_path: Path, rule: str, said: str, sentence: str | None
) -> None:
    log = tmp_path / f"rule_{rule}/x_0/7.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"Building DAG of jobs...\n{said}\n")
    snakemake = tmp_path / "snakemake.log"
    snakemake.write_text(
        f"Job 3 has been submitted with SLURM jobid 7 (log: {log}).\n"
        "Job 4 has been submitted with SLURM jobid 8 (log: elsewhere/8.log).\n"
        "Error in rule train:\n    jobid: 3\n    external_jobid: 7\n"
    )
    plan: Plan = NoPlan()  # type: ignore[assignment]
    told = [line.partition(": ")[2] for line in endings(plan, [str(snakemake)])]
    assert told == ([sentence] if sentence else [])
