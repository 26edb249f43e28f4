"""A run computed again and compared digest by digest: a certificate, or where the two part."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.finished import read_receipt
from assay.replay import certificate
from assay.replay.killed import Killed, make_killed
from assay.replay.parting import TRACE, Parting, parting, read_trace, row_digests
from assay.replay.programs import STARTING, Replay, seconds
from assay.replay.subjects import Result, Subject
from assay.store import seed_of
from assay.words import counted


@dataclass(frozen=True)
class Outcome:
    """What came of computing a subject again."""

    subject: Subject
    files: Mapping[str, str] = field(default_factory=dict)
    """Every file that was compared and is equal, by its path in the store → its digest."""
    epochs: int = 0
    """Of the run, if there is one."""
    killed: Killed | None = None
    parting: Parting | None = None
    """The first difference; None if there is none."""
    where: str = ""
    """The stage and address of what differs."""
    hint: str = ""
    """What may be behind it."""

    @property
    def text(self) -> str:
        """A line about it."""
        name = self.subject.name
        if self.parting is not None:
            return f"{name}: differs in {self.where}: {self.parting.text}. {self.hint}"
        told = [counted(self.epochs, "epoch")] if self.epochs else []
        told.append(counted(len(self.files), "file"))
        if self.killed is not None:
            told.append(f"killed {'once' if self.killed.times == 1 else f'{self.killed.times} times'}")
        return f"{name}: equal ({', '.join(told)})"


def verify(subject: Subject, replay: Replay, interrupt: bool = False) -> Outcome:
    """Compute all that belongs to a subject again and compare it; write the certificate of an equal run.

    What was computed is removed, but for prepared data, which other runs read.

    Args:
        subject: results that are there and not damaged.
        replay: computes.
        interrupt: kill the run at random moments.

    Raises:
        UserError: a program failed; says why.
    """
    try:
        return _verify(subject, replay, interrupt)
    finally:
        for result in subject.results:
            if result.recipe.stage != "prepare":
                shutil.rmtree(replay.out(result.recipe, result.part), ignore_errors=True)


def _verify(subject: Subject, replay: Replay, interrupt: bool) -> Outcome:
    files: dict[str, str] = {}
    killed = None
    for result in subject.results:
        if interrupt and result.recipe.stage == "train":
            took = seconds(result.folder)
            killed = make_killed(replay, result.recipe, result.part, result.file, took)
        again = replay.make(result.recipe, result.part, result.file)
        if not result.is_there:  # what was computed with it has its digest
            continue
        if found := parting(result.folder, again):
            where, hint = f"{result.recipe.stage} {result.recipe.address}", _hint(subject, replay)
            return Outcome(subject, killed=killed, parting=found, where=where, hint=hint)
        path = Path(result.recipe.stage, result.recipe.address, result.part)
        digests = read_receipt(again)["digests"]
        files |= {str(path / name): digest for name, digest in digests.items()}
    run = subject.run
    if run is None:
        return Outcome(subject, files)
    rows = read_trace(replay.out(run.recipe, run.part) / TRACE)
    certificate.write(run.folder, _facts(run, replay, files, row_digests(rows), killed))
    return Outcome(subject, files, len(rows), killed)


def duration(subject: Subject) -> float:
    """About how many seconds it takes to compute a subject again."""
    run = subject.run
    return STARTING * len(subject.results) + (seconds(run.folder) if run is not None else 0.0)


def _facts(
    run: Result, replay: Replay, files: Mapping[str, str], epochs: list[str], killed: Killed | None
) -> dict[str, Any]:
    """The content of a run's certificate."""
    return {
        "address": run.recipe.address,
        "seed": seed_of(run.folder),
        "interrupted": {
            "times": killed.times if killed else 0,
            "continued": killed.continued if killed else [],
        },
        "files": dict(files),
        "epochs": epochs,
        "recomputed": certificate.environment(replay.out(run.recipe, run.part)),
        "original": certificate.environment(run.folder),
    }


def _hint(subject: Subject, replay: Replay) -> str:
    """What may be behind a difference: other environments, or something that is in no address."""
    run = subject.run
    if run is None:
        return "Which libraries it was made with is not recorded; others may be behind this"
    then, now = (certificate.environment(folder) for folder in (run.folder, replay.out(run.recipe, run.part)))
    if not now:  # the data differ, and nothing was trained on them
        now = certificate.versions_now()
        then = {"versions": {name: then.get("versions", {}).get(name) for name in now["versions"]}}
    if found := certificate.environments_part(then, now):
        return f"The environments differ: {'; '.join(found)}"
    if then.get("earlier"):
        return "A part of the run was computed in another environment: `earlier` in its environment.json"
    return (
        "The environments are the same, so what decides these bits is in no address: random numbers "
        "without a seed, the time, an order that is left open"
    )
