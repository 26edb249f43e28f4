"""A job's needs in the names that the official executor plugins of Snakemake know, those of each scheduler.

Slurm        mem_mb, runtime, cpus_per_task, gpu, gpu_model, slurm_partition, slurm_account, qos, constraint,
             slurm_extra
LSF          mem_mb, runtime, cpus_per_task, lsf_queue, lsf_project, lsf_extra
HTCondor     htcondor_request_mem_mb, request_gpus, require_gpus, requirements
"""

from __future__ import annotations

from collections.abc import Callable

from assay.needs import Needs
from assay.settings.cluster import ClusterSettings

Resource = int | str
Resources = dict[str, Resource]
"""Name → value, as Snakemake takes them; a name that does not apply is left out."""

SIGNAL_SECONDS = 120
"""How long before its time limit a job of runs is sent SIGUSR1: its runs save their states and leave."""


def named(needs: Needs, cluster: ClusterSettings, rule: str) -> Resources:
    """What a job of a rule asks for."""
    if needs.gpus:
        own = {key: value for key, value in cluster.gpu.model_dump().items() if value and key != "extra"}
        extra = " ".join(part for part in (cluster.extra, cluster.gpu.extra) if part)
        cluster = cluster.model_copy(update={**own, "extra": extra})
    found = _OF[cluster.scheduler](needs, cluster, rule)
    return {name: value for name, value in found.items() if value}


def _slurm(needs: Needs, cluster: ClusterSettings, rule: str) -> Resources:
    extra = [cluster.extra]
    if rule == "train":
        extra.insert(0, f"--signal=USR1@{min(SIGNAL_SECONDS, 15 * needs.minutes)}")
    gpu: Resources = {"gpu": needs.gpus, "gpu_model": needs.gpu_type}
    if "-" in needs.gpu_type:  # which the plugin refuses in a model's name
        gpu = {}
        extra.append(f"--gpus-per-node={needs.gpu_type}:{needs.gpus}")
    return {
        "mem_mb": needs.memory,
        "runtime": needs.minutes,
        "cpus_per_task": needs.cpus,
        **gpu,
        "slurm_partition": cluster.partition,
        "slurm_account": cluster.account,
        "qos": cluster.qos,
        "constraint": cluster.constraint,
        "slurm_extra": " ".join(part for part in extra if part),
    }


def _lsf(needs: Needs, cluster: ClusterSettings, rule: str) -> Resources:
    kind = f":gmodel={needs.gpu_type}" if needs.gpu_type else ""
    extra = [f"-gpu num={needs.gpus}{kind}" if needs.gpus else "", cluster.extra]
    return {
        "mem_mb": needs.memory,
        "runtime": needs.minutes,
        "cpus_per_task": needs.cpus,
        "lsf_queue": cluster.partition,
        "lsf_project": cluster.account,
        "lsf_extra": " ".join(part for part in extra if part),
    }


def _htcondor(needs: Needs, cluster: ClusterSettings, rule: str) -> Resources:
    return {
        "htcondor_request_mem_mb": needs.memory,
        "request_gpus": needs.gpus,
        "require_gpus": f'regexp("{needs.gpu_type}", DeviceName, "i")' if needs.gpu_type else "",
        "requirements": cluster.constraint,
    }


_OF: dict[str, Callable[[Needs, ClusterSettings, str], Resources]] = {
    "slurm": _slurm,
    "lsf": _lsf,
    "htcondor": _htcondor,
}
