"""`assay why` and `assay diff` on a real store: they name what was changed, and the jobs that Snakemake plans."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from workflow.conftest import Project

STUDY = "config/studies/small.yaml"
FOCAL = "scripts/assay/losses/focal.py"
TRAINED = "train", "evaluate"


def assay(project: Project, *arguments: str) -> tuple[int, str]:
    """Call `assay` in the project."""
    outcome = project.python("scripts/assay/command/main.py", *arguments, PYTHONPATH="scripts")
    return outcome.code, outcome.text


def told(text: str, stage: str) -> list[str]:
    """What is said of why a stage runs, without the variants."""
    [part] = [part for part in text.split("\n\n") if part.partition("\n")[0] == stage]
    return [line.strip() for line in part.splitlines() if line.startswith("    ")]


def planned(project: Project) -> set[str]:
    """The receipts that Snakemake says it would make."""
    outcome = project.snakemake("-n")
    assert outcome.code == 0, outcome.text
    receipts = set(re.findall(r"^    output: (\S+/receipt\.json)", outcome.text, re.MULTILINE))
    assert len(receipts) == outcome.jobs.total()
    return receipts


SPLIT = ["data", "data.split.seed: 0 there, 1 here"]
LINE = ["code", "assay.losses.focal", "Focal.forward", "there 56: return losses.mean()", "here  56: return losses.mean() * 1.0"]  # fmt: skip
RATE = ["settings", "training.learning_rate: 0.001 there, 0.003 here"]


@pytest.mark.parametrize(
    ("file", "old", "new", "stages", "expected"),
    [
        (STUDY, "loss: focal", "loss: focal\n    training.learning_rate: 0.003", TRAINED, RATE),
        (FOCAL, "return losses.mean()", "return losses.mean() * 1.0", TRAINED[:1], LINE),
        (STUDY, "{source: digits}", "{source: digits, split: {seed: 1}}", ("prepare", *TRAINED), SPLIT),
        (STUDY, "seeds: 2", "seeds: 3", TRAINED, ["seed 2: not run yet"]),
    ],
    ids=["a setting", "a line of the focal loss", "the split", "a seed"],
)  # fmt: skip
def test_why_names_what_was_changed_and_the_jobs_that_are_planned(
    project: Project, file: str, old: str, new: str, stages: tuple[str, ...], expected: list[str]
) -> None:
    project.edit(file, old, new)
    code, text = assay(project, "why", "small")
    assert code == 0, text
    for stage in stages:
        lines = [line for line in told(text, stage) if not line.startswith("reads what is to run first")]
        assert lines == expected, text
    code, text = assay(project, "why", "small", "--json")
    jobs = [job["folder"] for reason in json.loads(text)["small"] for job in reason["jobs"]]
    assert max(Counter(jobs).values()) == 1
    # one job trains and evaluates: its receipt is the evaluation's
    assert {f"{folder}/receipt.json" for folder in jobs if "/train/" not in folder} == planned(project)


def test_nothing_is_to_run_and_runs_differ(finished: Project) -> None:
    assert assay(finished, "why", "small") == (
        0,
        "small: nothing is to run; its report is results/studies/small/report.html\n",
    )
    assert assay(finished, "diff", "small/plain/seed-0", "small/plain/seed-0") == (
        0,
        "equal: small/plain/seed-0 and small/plain/seed-0\n",
    )
    code, text = assay(finished, "diff", "small/plain/seed-0", "small/focal/seed-0")
    assert code == 1
    assert "settings\n  loss.name: cross_entropy | focal\n" in text
    assert "histories part\n  epoch 1, step 1: the loss or a metric of the batch" in text
    assert "files that differ: best.pt, history.json, last.pt, trace.jsonl" in text
