"""How jobs are sent to a cluster: where to, at whose cost, with what else."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from assay.errors import choose
from assay.settings.base import Settings, either
from assay.settings.resources import Time

Name = Annotated[str, Field(pattern=r"^\S*$"), either("a name without spaces")]
"""A name that a cluster knows, or none."""

TAKEN = {
    "account": "machine.cluster.account",
    "partition": "machine.cluster.partition",
    "qos": "machine.cluster.qos",
    "constraint": "machine.cluster.constraint",
    "time": "resources.<stage>.runtime in the study",
    "mem": "resources.<stage>.memory in the study",
    "mem-per-cpu": "resources.<stage>.memory in the study",
    "cpus-per-task": "resources.<stage>.cpus in the study",
    "cpus-per-gpu": "resources.<stage>.cpus in the study",
    "gpus": "resources.train.gpus in the study",
    "gres": "resources.train.gpus in the study",
    **dict.fromkeys(("job-name", "output", "error", "parsable", "export", "comment", "workdir", "chdir"), ""),
    **dict.fromkeys(("ntasks", "ntasks-per-gpu", "nodes", "clusters", "signal"), ""),
}
"""Option of sbatch that Assay or Snakemake's plugin gives → the setting that decides it, if one does."""
SHORT = {
    **{"A": "account", "p": "partition", "C": "constraint", "t": "time", "c": "cpus-per-task"},
    **{"J": "job-name", "o": "output", "e": "error", "D": "chdir", "n": "ntasks", "N": "nodes"},
    **{"M": "clusters", "q": "qos", "G": "gpus"},
}
"""Their short names."""


def _extra(text: str) -> str:
    for short, long in re.findall(r"(?:^|\s)(?:-([A-Za-z])|--([A-Za-z-]+))", text):
        name = SHORT.get(short, "") if short else long
        if name in TAKEN:
            instead = f"; set {TAKEN[name]}" if TAKEN[name] else ""
            raise ValueError(f"--{name} is given by the workflow and cannot be given here{instead}")
    if re.search(r"[\"'`$;&|<>\\\n]", text):
        raise ValueError(f"{text!r} has a sign that a shell would read; give plain options of sbatch")
    if text and not text.lstrip().startswith("-"):
        raise ValueError(f"{text!r} is no option of sbatch; {choose(text, ['--exclusive', '--nice=100'])}")
    return text


Extra = Annotated[str, AfterValidator(_extra)]
"""Options of the program that submits jobs."""


class GpuJobSettings(Settings):
    """What is otherwise for jobs that ask for a GPU; what is left out is as for all jobs."""

    partition: Name = ""
    """The partition (queue) of jobs that ask for a GPU. In the environment: `ASSAY_GPU_PARTITION`."""
    qos: Name = ""
    """Their quality of service."""
    constraint: Name = ""
    """The features that their nodes must have."""
    extra: Extra = ""
    """More options of `sbatch` for them, after those for all jobs."""


class ClusterSettings(Settings):
    """How jobs are sent to a cluster."""

    scheduler: Literal["slurm", "htcondor", "lsf"] = "slurm"
    """In whose names jobs ask for what they need; the profile that Snakemake is given sends them there."""
    partition: Name = ""
    """The partition (queue) that jobs are sent to; without one, the cluster's default. In the environment:
    `ASSAY_PARTITION`, which goes before this, and Slurm's own `SBATCH_PARTITION`, which goes after it."""
    account: Name = ""
    """The account (project) that jobs are charged to. In the environment: `ASSAY_ACCOUNT`, and
    `SBATCH_ACCOUNT`."""
    qos: Name = ""
    """The quality of service. In the environment: `ASSAY_QOS`, and `SBATCH_QOS`."""
    constraint: Name = ""
    """The features that nodes must have, such as `avx512`. In the environment: `ASSAY_CONSTRAINT`, and
    `SBATCH_CONSTRAINT`."""
    extra: Extra = ""
    """More options of `sbatch`, such as `--exclude=node7 --nice=100`."""
    time_limit: Time | None = None
    """No job asks for more time than this; without it, an estimate is cut at one day. A run, or a cohort of
    seeds, that needs longer is continued by its next job: set it to the time limit of the partition, or to
    less for jobs that start sooner."""
    gpu: GpuJobSettings = GpuJobSettings()
    """What is otherwise for jobs that ask for a GPU."""
