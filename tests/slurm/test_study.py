"""A study on a cluster, from a fresh clone: the same bytes as on this machine; each job has a GPU of its own."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

import pytest
from assay.environment import read
from conftest import ROOT

from slurm.cluster import NODES, Cluster
from slurm.conftest import Clone, fresh


def visible_gpus(cluster: Cluster) -> set[tuple[str, str, str]]:
    """(node, job, CUDA_VISIBLE_DEVICES) of the programs that train now."""
    found = set()
    for node in NODES:
        for process in cluster.processes(node):
            try:
                command = Path(f"/proc/{process}/cmdline").read_bytes()
                pairs = Path(f"/proc/{process}/environ").read_bytes().decode().split("\0")
            except OSError:
                continue
            variables = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
            if b"scripts/cohort.py" in command.split(b"\0"):
                found.add((node, variables["SLURM_JOB_ID"], variables.get("CUDA_VISIBLE_DEVICES", "")))
    return found


@pytest.fixture(scope="module")
def study() -> str:
    """The default study, whose runs ask for a GPU each."""
    text = (ROOT / "config/studies/digits.yaml").read_text()
    return text + "\nresources: {train: {gpus: 1, gpu_type: fake, memory: 1GB}}\n"


def test_the_default_study_is_computed_to_the_same_bytes_as_here(
    cluster: Cluster, study: str, tmp_path: Path
) -> None:
    smoke = ("--config", "smoke=true")
    here = fresh(tmp_path / "here", {"digits": study}).project
    there = fresh(tmp_path / "there", {"digits": study})
    there.project.edit("config/config.yaml", "  device: auto", "  device: auto\n  seeds_per_job: 2")
    seen: set[tuple[str, str, str]] = set()
    call = there.start(*smoke)
    while call.process.poll() is None:
        seen |= visible_gpus(cluster)
        time.sleep(0.5)
    outcome = call.outcome()
    assert outcome.code == 0, outcome.text
    assert outcome.jobs["train"] == 3  # a job a variant
    assert outcome.jobs["report"] == 1
    _each_job_had_a_gpu_of_its_own(seen)
    _the_environment_names_job_and_node(there)
    local = here.snakemake(*smoke)
    assert local.code == 0, local.text
    receipts = here.files("**/receipt.json")
    assert receipts == there.project.files("**/receipt.json")
    assert len(receipts) == 19


def _each_job_had_a_gpu_of_its_own(seen: set[tuple[str, str, str]]) -> None:
    gpus = defaultdict(set)
    for node, job, visible in seen:
        assert visible in ("0", "1"), seen
        gpus[node].add((visible, job))
    assert {len(set(jobs)) for jobs in gpus.values()} <= {1, 2}
    for on_node in gpus.values():
        assert len({visible for visible, _ in on_node}) == len(on_node), "two jobs of a node share a GPU"
    assert len({job for _, job, _ in seen}) == 3


def _the_environment_names_job_and_node(there: Clone) -> None:
    jobs = [read(run.parent)["job"] for run in there.runs("*/receipt.json")]
    assert len(jobs) == 6
    assert len({job["SLURM_JOB_ID"] for job in jobs}) == 3
    assert {job["SLURM_NODELIST"] for job in jobs} <= {*NODES}
