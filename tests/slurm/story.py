"""What happens to the jobs of three studies, from their first call of Snakemake to their third."""

from __future__ import annotations

import itertools
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from workflow.conftest import Outcome

from slurm.cluster import Cluster, command
from slurm.conftest import Call, Clone

STUDY = """\
question: What becomes of it?
base:
  data: {{source: digits}}
  model: {{name: mlp, widths: [8]}}
  training: {{epochs: {epochs}, callbacks: ["slow:Slow"]}}
variants:
  plain: {{}}
seeds: {seeds}
resources: {{train: {{memory: {memory}}}}}
"""
STUDIES = {
    "short": STUDY.format(epochs=80, seeds=3, memory="1GB"),
    "long": STUDY.format(epochs=220, seeds=1, memory="1GB"),
    "hungry": STUDY.format(epochs=1, seeds=1, memory="150MB"),
}
STUDY_OF = {80: "short", 220: "long", 1: "hungry"}
"""By the epochs."""
SLOW = """\
import os
import time

from assay.callbacks import Callback


class Slow(Callback):
    def on_epoch_end(self, run):
        if "SLURM_JOB_ID" in os.environ:
            time.sleep(0.5)
"""
"""On the cluster an epoch takes half a second on any machine: what happens to a run happens while it is trained.

A run's time is over after a minute, and Slurm looks twice a minute: the long one takes 110 s. A node counts as
lost after 10 s: the short ones take 40 s.
"""
RUNS_ONLY = ("--omit-from", "aggregate_variant")


@dataclass(frozen=True)
class Job:
    """A job of Slurm that computes a run."""

    id: str
    study: str
    run: Path
    node: str

    def events(self, name: str) -> int:
        """How often the run told of something."""
        try:
            lines = (self.run / "events.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return 0
        return sum(json.loads(line)["event"] == name for line in lines if line.endswith("}"))

    def restarts(self) -> int:
        """How often Slurm started it again."""
        found = re.search(r"Restarts=(\d+)", command("scontrol", "show", "job", self.id))
        return int(found[1]) if found else 0


@dataclass(frozen=True)
class Story:
    """What became of it."""

    long: Job
    cancelled: Job
    lost: Job
    deaf: Job
    restarts: dict[str, int]
    """Of each job, after the first call."""
    finished_first: set[str]
    """The jobs whose runs were finished after the first call."""
    first: Outcome
    second_jobs: list[list[str]]
    third: Outcome


def jobs_of(cluster: Cluster, clone: Clone) -> list[Job]:
    """The jobs that compute runs now."""
    results = clone.project.results
    found = []
    for job, _, node, comment in cluster.jobs("RUNNING"):
        parts = re.fullmatch(r"rule_train_wildcards_evaluate_([0-9a-f]+-[0-9a-f]+)_(\d+)", comment)
        if parts is None:
            continue
        recipe = yaml.safe_load((results / f"evaluate/{parts[1]}/recipe.yaml").read_text())
        trained = recipe["upstream"]["train"]
        run = results / f"train/{trained['address']}/seed-{parts[2]}"
        found.append(Job(job, STUDY_OF[trained["settings"]["training"]["epochs"]], run, node))
    return found


def cast(jobs: list[Job]) -> tuple[Job, Job, Job, Job]:
    """The long run, and three short ones: the last two on nodes of their own, away from the long one."""
    [long] = [job for job in jobs if job.study == "long"]
    short = [job for job in jobs if job.study == "short"]
    for cancelled, lost, deaf in itertools.permutations(short, 3):
        if len({long.node, lost.node, deaf.node}) == 3:
            return long, cancelled, lost, deaf
    raise AssertionError(f"too few nodes are used: {jobs}")


def tell(cluster: Cluster, clone: Clone) -> Story:
    """Let it all happen."""
    call = clone.start(*RUNS_ONLY)
    jobs: list[Job] = []

    def all_train() -> bool:
        jobs[:] = [job for job in jobs_of(cluster, clone) if job.study != "hungry"]
        return len(jobs) == 4 and all(job.events("on_epoch_end") for job in jobs)

    call.wait_until(all_train, "four runs are being trained", 180)
    long, cancelled, lost, deaf = cast(jobs)
    command("scontrol", "update", f"JobId={long.id}", "TimeLimit=1")
    command("scancel", cancelled.id)
    cluster.lose(lost.node)
    cluster.kill(deaf.node)
    cluster.restart_controller(2)
    call.wait_until(long.restarts, "the long run's job is started again", 120)
    command("scontrol", "update", f"JobId={long.id}", "TimeLimit=60")
    first = call.outcome(400)
    finished = {job.id for job in jobs if (job.run / "receipt.json").exists()}
    restarts = {job.id: job.restarts() for job in jobs}
    second = _killed(clone, cancelled)
    writers = [job for job in cluster.jobs("RUNNING") if job[0] not in restarts]
    clone.project.edit("config/studies/hungry.yaml", "150MB", "1GB")
    unlocked = clone.project.run([sys.executable, "-m", "snakemake", "--unlock", "--cores", "1"])
    assert unlocked.code == 0, unlocked.text
    third = clone.start(*RUNS_ONLY).outcome(300)
    assert second.process.returncode == -9
    return Story(long, cancelled, lost, deaf, restarts, finished, first, writers, third)


def _killed(clone: Clone, cancelled: Job) -> Call:
    """A call that is killed while it continues a run; its job goes on."""
    call = clone.start(*RUNS_ONLY)
    call.wait_until(lambda: cancelled.events("on_resume"), "the cancelled run is continued", 120)
    call.kill()
    return call
