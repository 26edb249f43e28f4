"""Look at the Slurm cluster here: what it has, what the study asks for, and what to set.

assay cluster check          the study of config/config.yaml
assay cluster check digits   another

The exit code is 1 if something will not go well.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from typing import Any

from assay.cluster.advice import all_asked, asked_text, problems
from assay.cluster.filesystem import store_problem
from assay.cluster.slurm import Nodes, Slurm, look
from assay.command.table import print_table
from assay.configuration import CONFIG_FILE
from assay.errors import UserError
from assay.plan import load_plan
from assay.resources import Requests
from assay.settings.resources import time_text
from assay.words import counted, size_text

SHOWN = 20
"""Lines of what jobs ask for."""
COLUMNS = ("partition", "ends jobs after", "nodes", "CPUs", "memory", "GPUs", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("what", choices=["check"], help="check: look, and say what to set")
    parser.add_argument("study", nargs="*", help="names or files of studies")
    parser.add_argument("--set", default="", help="the overrides that Snakemake is given")
    parser.add_argument("--smoke", action="store_true", help="for the quick try")


def run(arguments: argparse.Namespace) -> None:
    """Print what was found; exit with 1 if something will not go well."""
    requests = Requests(load_plan(study=arguments.study, set=arguments.set, smoke=arguments.smoke))
    if (scheduler := requests.cluster.scheduler) != "slurm":
        key = f"{CONFIG_FILE}: machine.cluster.scheduler"
        raise UserError(f"{key}: {scheduler!r}: `assay cluster check` knows Slurm alone")
    slurm = look()
    for program, reason in slurm.unanswered.items():
        print(f"{program}: {reason}")
    if not slurm.nodes and not slurm.settings:
        print("no Slurm answers here: call this on a login node of the cluster")
    else:
        _print_cluster(slurm)
    print()
    _print_asked(requests)
    found = list(dict.fromkeys(map(str, problems(slurm, requests))))
    if (problem := store_problem(requests.plan.store)) is not None:
        found.append(f"{CONFIG_FILE}: machine.results: {str(requests.plan.store)!r} {problem}")
    print()
    print("\n".join(found) if found else _ready(slurm, requests))
    if found or not slurm.nodes:
        sys.exit(1)


def _print_cluster(slurm: Slurm) -> None:
    name, version = (slurm.settings.get(key, "") for key in ("ClusterName", "SLURM_VERSION"))
    if name:
        print(f"cluster {name}, Slurm {version}")
    print_table(list(_rows(slurm)), COLUMNS)
    print(_accounting(slurm))


def _rows(slurm: Slurm) -> Iterator[dict[str, Any]]:
    """A row for the nodes of a partition that are alike but for their states."""
    for name in slurm.partitions:
        alike: dict[tuple[Any, ...], list[Nodes]] = {}
        for nodes in slurm.of(name):
            alike.setdefault((nodes.cpus, nodes.memory, tuple(nodes.gpus.items())), []).append(nodes)
        for (cpus, memory, gpus), groups in alike.items():
            gone = sum(nodes.count for nodes in groups if not nodes.are_there)
            first = groups[0]
            notes = [*(["default"] if first.is_default else []), *([] if first.is_up else ["closed"])]
            yield {
                "partition": name,
                "ends jobs after": time_text(first.longest) if first.longest else "never",
                "nodes": sum(nodes.count for nodes in groups),
                "CPUs": cpus,
                "memory": size_text(memory * 1e6),
                "GPUs": ", ".join(f"{number} {kind}".strip() for kind, number in gpus) or "none",
                "": ", ".join([*notes, *([f"{gone} of them take no jobs now"] if gone else [])]),
            }


def _accounting(slurm: Slurm) -> str:
    if not slurm.settings:
        return "accounting: not known"
    if not slurm.keeps_accounts:
        return "accounting: off; give no account"
    demanded = "an account is demanded" if slurm.demands_account else "no account is demanded"
    if slurm.accounts is None:
        return f"accounting: on; {demanded}; yours are not known"
    default = f", {slurm.default_account} unless you give one" if slurm.default_account else ""
    return f"accounting: on; {demanded}; yours: {', '.join(slurm.accounts) or 'none'}{default}"


def _print_asked(requests: Requests) -> None:
    """What a job of each stage asks for; one line where all of them ask for the same."""
    names = ", ".join(study.study.name for study in requests.plan.studies)
    print(f"what a job of {names} asks for")
    lines = dict.fromkeys((asked.rule, asked_text(asked)) for asked in all_asked(requests))
    for rule, text in itertools.islice(lines, SHOWN):
        print(f"  {rule:<10} {text}")
    if len(lines) > SHOWN:
        print(f"  and {len(lines) - SHOWN} other amounts")
    cluster = requests.cluster
    given = [(key, getattr(cluster, key)) for key in ("partition", "account", "qos", "constraint", "extra")]
    given += [
        (f"gpu.{key}", getattr(cluster.gpu, key)) for key in ("partition", "qos", "constraint", "extra")
    ]
    told = [f"{key} {value}" for key, value in given if value]
    print(f"  sent to    {', '.join(told) or 'the default partition'}")


def _ready(slurm: Slurm, requests: Requests) -> str:
    if not slurm.nodes:
        return "nothing is known to check against"
    names = {asked.partition or slurm.default_partition for asked in all_asked(requests)}
    counts = [sum(nodes.count for nodes in slurm.of(name) if nodes.are_there) for name in names]
    return f"ready, with {counted(max(counts), 'node')}: snakemake --profile slurm"
