"""Why Slurm ended jobs, in words that say what to set: read from its logs of jobs that failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from assay.plan import Plan
from assay.resources import RULES
from assay.words import size_text

FAILED = re.compile(r"^\s*external_jobid: (\d+)$", re.MULTILINE)
"""In Snakemake's log: a job that failed."""
LOG = r"SLURM jobid {job} \(log: (.+?)\)"
"""In Snakemake's log: where Slurm's is."""
USED = re.compile(r"exceeded memory limit \((\d+) > (\d+)\)")
OUT_OF_MEMORY = re.compile(r"oom.?kill|out.of.memory handler|exceeded (?:job )?memory limit", re.IGNORECASE)
TIME = re.compile(r"CANCELLED AT \S+ DUE TO TIME LIMIT")
CANCELLED = re.compile(r"CANCELLED AT")


def endings(plan: Plan, logs: Sequence[str]) -> Iterator[str]:
    """A sentence for each job of a call of Snakemake that Slurm or its user ended.

    Args:
        plan: what the call was about.
        logs: the files of Snakemake's log.
    """
    try:
        told = "\n".join(Path(log).read_text(errors="replace") for log in logs)
    except OSError:
        return
    for job in dict.fromkeys(FAILED.findall(told)):
        found = re.search(LOG.format(job=job), told)
        if found is None:
            continue
        log = Path(found[1])
        try:
            reason = _reason(log.read_text(errors="replace"), _rule(log))
        except OSError:
            continue
        if reason:
            yield f"  Slurm job {job}, {_name(plan, log)}: {reason}"


def _rule(log: Path) -> str:
    """The key of `resources` for the rule whose jobs have their logs in this folder."""
    name = log.parent.parent.name.removeprefix("rule_")
    return next((rule for rule in RULES if name.startswith(rule)), name)


def _reason(said: str, rule: str) -> str:
    if OUT_OF_MEMORY.search(said):
        used = USED.search(said)
        # a MB of a study is a MiB of Slurm: people are told what they wrote
        amounts = [size_text(int(number) / 2**20 * 1e6) for number in used.groups()] if used else []
        much = f"used {amounts[0]}, and asked for {amounts[1]}" if used else ""
        return (
            f"{much or 'used more memory than it asked for'}; set resources.{rule}.memory higher in the study"
        )
    if TIME.search(said):
        return f"its time was over; set resources.{rule}.runtime higher in the study"
    return "was cancelled; the next call continues it" if CANCELLED.search(said) else ""


def _name(plan: Plan, log: Path) -> str:
    """What a job made, for people: its log lies in a folder named by the wildcards of its rule."""
    wildcards = log.parent.name
    for (stage, address), recipe in plan.recipes.items():
        made_by = recipe.embedded.get("train", recipe).made_by
        if made_by and wildcards.startswith(f"{stage}_{address}"):
            seed = wildcards.rpartition("_")[2]
            name = f"{made_by['study']}/{made_by['variant']}"
            return f"{name}, seed {seed}" if seed.isdecimal() else name
    return f"{_rule(log)} {wildcards}"
