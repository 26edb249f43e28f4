"""What will not go well with a plan on a cluster, and what to set, in the words of the configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.cluster.slurm import Nodes, Slurm, look
from assay.configuration import CONFIG_FILE
from assay.errors import Problem, choose, fail
from assay.needs import Needs
from assay.plan import Plan
from assay.resources import RULES, Requests, rule_of
from assay.settings.resources import time_text
from assay.words import counted, listed, size_text

PROFILE = "workflow/profiles/slurm/config.yaml"
VISIBLE = 200
"""Seconds for which a job that has ended must be seen: Snakemake looks every three minutes at least."""


@dataclass(frozen=True)
class Asked:
    """What the jobs of a stage ask for."""

    study: str
    """The file of the study that they are of."""
    rule: str
    """The stage, as a study's `resources` calls it."""
    needs: Needs
    partition: str
    """Where they are sent; empty for the cluster's default."""


def require_cluster(plan: Plan) -> None:
    """Refuse to begin what the cluster will refuse job by job.

    Raises:
        UserError: an account is demanded and none is given, account or partition are unknown, or there is no
            default partition and none is given.
    """
    fail(_place_problems(look(), Requests(plan)))


def problems(slurm: Slurm, requests: Requests) -> Iterator[Problem]:
    """All that will not go well."""
    yield from _place_problems(slurm, requests)
    cluster = requests.cluster
    for key, quality in (("qos", cluster.qos), ("gpu.qos", cluster.gpu.qos)):
        if quality and slurm.qualities and quality not in slurm.qualities:
            yield _cluster(key, f"{quality!r} is not allowed to you; {choose(quality, slurm.qualities)}")
    for key, name in (("partition", cluster.partition), ("gpu.partition", cluster.gpu.partition)):
        nodes = slurm.of(name) if name and "," not in name else []
        if nodes and not any(group.is_up for group in nodes):
            yield _cluster(key, f"{name!r} is closed: jobs wait there until it is opened")
    seen = set()
    for asked in all_asked(requests):
        partition = asked.partition or slurm.default_partition
        for problem in _fit_problems(slurm, asked, slurm.of(partition), partition):
            if (asked.rule, problem.key) not in seen:
                seen.add((asked.rule, problem.key))
                yield problem
    age = slurm.settings.get("MinJobAge", "").split()
    if age and age[0].isdecimal() and int(age[0]) < VISIBLE:
        told = f"{age[0]} s: an ended job may be forgotten before Snakemake sees it; "
        yield Problem("Slurm", "MinJobAge", told + f"slurm-status-command: sacct in {PROFILE} helps")


def all_asked(requests: Requests) -> list[Asked]:
    """What jobs ask for, each once, in the order of the stages."""
    most = requests.plan.machine.seeds_of_one_recipe
    found: dict[Asked, None] = {}
    for stage, address in requests.plan.recipes:
        rule = rule_of(stage)
        if rule == "train" and (stage, address) not in requests.measured:
            continue
        [study, *_] = requests.studies[stage, address]
        count = min(most, len(study.study.seeds)) if rule == "train" else 1
        needs = requests.needs(stage, address, count)
        partition = str(requests.of(stage, address, count).get("slurm_partition", ""))
        found[Asked(str(study.study.path), rule, needs, partition)] = None
    return sorted(found, key=lambda asked: RULES.index(asked.rule))


def _place_problems(slurm: Slurm, requests: Requests) -> Iterator[Problem]:
    """What is wrong with where jobs are sent and who is charged."""
    yield from _account_problems(slurm, requests.cluster.account)
    cluster, partitions = requests.cluster, slurm.partitions
    uses_gpu = any(asked.needs.gpus for asked in all_asked(requests))
    named = [("partition", cluster.partition), *([("gpu.partition", cluster.gpu.partition)] * uses_gpu)]
    for key, name in named if partitions else ():
        if name and not set(name.split(",")) <= {*partitions}:
            yield _cluster(
                key, f"{name!r} is no partition of this cluster; {choose(name, partitions, 'partition')}"
            )
    if partitions and not (cluster.partition or slurm.default_partition):
        yield _cluster(
            "partition", f"the cluster has no default partition; {choose('', partitions, 'partition')}"
        )


def _account_problems(slurm: Slurm, account: str) -> Iterator[Problem]:
    known = slurm.accounts
    instead = "set it here, or ASSAY_ACCOUNT in the environment"
    if account and slurm.settings and not slurm.keeps_accounts:
        yield _cluster("account", f"{account!r} is given, and this cluster keeps no accounts: leave it out")
    elif account and known and account.lower() not in known:
        yield _cluster(
            "account", f"{account!r} is no account of {slurm.user}; {choose(account, known, 'account')}"
        )
    elif not account and slurm.demands_account and not slurm.default_account:
        if known:
            text = f"the cluster demands an account; yours: {', '.join(known)}; {instead}"
        elif known is None:
            text = f"the cluster demands an account; which are yours, its administrators know; {instead}"
        else:
            text = (
                f"the cluster demands an account, and {slurm.user} has none; ask its administrators for one"
            )
        yield _cluster("account", text)


def _fit_problems(slurm: Slurm, asked: Asked, nodes: list[Nodes], partition: str) -> Iterator[Problem]:
    """What no node of a partition can do for a job."""
    needs, place = asked.needs, f"partition {partition!r}"
    where = place
    if not nodes:
        return  # there is no such partition, which is said elsewhere
    if needs.gpus:
        with_gpus = [group for group in nodes if group.gpus]
        if not with_gpus:
            yield _job(asked, "gpus", _no_gpu(slurm, where))
            return
        kinds = {kind for group in with_gpus for kind in group.gpus}
        if needs.gpu_type and needs.gpu_type not in kinds:
            valid = choose(needs.gpu_type, kinds - {""}, "type")
            yield _job(asked, "gpu_type", f"{needs.gpu_type!r} is no type of GPU in {where}; {valid}")
            return
        most = max(_gpus(group, needs.gpu_type) for group in with_gpus)
        if most < needs.gpus:
            yield _job(asked, "gpus", f"{needs.gpus}, and a node of {where} has at most {most}")
        nodes = [group for group in with_gpus if _gpus(group, needs.gpu_type) >= needs.gpus] or with_gpus
        where = f"{where} with such GPUs" if len(nodes) < len(with_gpus) else where
    memory, cpus = max(group.memory for group in nodes), max(group.cpus for group in nodes)
    if needs.memory > memory:
        told = f"a job asks for {_size(needs.memory)}, and the largest node of {where} has {_size(memory)}"
        yield _job(asked, "memory", told)
    if needs.cpus > cpus:
        yield _job(asked, "cpus", f"a job asks for {needs.cpus}, and a node of {where} has at most {cpus}")
    if needs.memory <= memory and needs.cpus <= cpus:
        if not any(group.memory >= needs.memory and group.cpus >= needs.cpus for group in nodes):
            yield _job(asked, "memory", f"no node of {where} has {_size(needs.memory)} and {needs.cpus} CPUs")
        elif not any(group.are_there for group in nodes):
            yield Problem("Slurm", where, "none of its nodes takes jobs now; they wait")
    limits = [group.longest for group in slurm.of(partition)]
    limit = max((limit for limit in limits if limit is not None), default=None)
    if limit is not None and None not in limits and needs.minutes > limit:
        told = f"a job asks for {time_text(needs.minutes)}, and {place} ends jobs after {time_text(limit)}; "
        told += f"set machine.cluster.time_limit: {time_text(limit)} in {CONFIG_FILE}"
        yield _job(
            asked, "runtime", told + ("; runs are continued by their next job" * (asked.rule == "train"))
        )


def _no_gpu(slurm: Slurm, where: str) -> str:
    groups = sorted(slurm.nodes, key=lambda nodes: not nodes.is_up)
    others = list(dict.fromkeys(nodes.partition for nodes in groups if nodes.gpus))
    if not others:
        return "no node of this cluster has a GPU; set machine.device: cpu, and no gpus"
    one = others[0]
    found = f"there are some in {listed(map(repr, others))}"
    return f"{where} has no GPU; {found}: set machine.cluster.gpu.partition: {one} in {CONFIG_FILE}"


def _gpus(nodes: Nodes, kind: str) -> int:
    return nodes.gpus.get(kind, 0) if kind else sum(nodes.gpus.values())


def _size(memory: int) -> str:
    return size_text(memory * 1e6)


def _cluster(key: str, text: str) -> Problem:
    return Problem(str(CONFIG_FILE), f"machine.cluster.{key}", text)


def _job(asked: Asked, key: str, text: str) -> Problem:
    return Problem(asked.study, f"resources.{asked.rule}.{key}", text)


def asked_text(asked: Asked) -> str:
    """What a job asks for, for people."""
    needs = asked.needs
    kind = f" of type {needs.gpu_type}" if needs.gpu_type else ""
    parts = [counted(needs.cpus, "CPU"), *([f"{counted(needs.gpus, 'GPU')}{kind}"] if needs.gpus else [])]
    return ", ".join([*parts, _size(needs.memory), time_text(needs.minutes)])
