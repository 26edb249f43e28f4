"""Cohorts: the same bytes as one by one; a failing seed harms no other; an interrupted one goes on where it was."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from workflow.conftest import Project, clone
from workflow.test_bits import BITS
from workflow.test_wrong_and_failing import UNLUCKY

TOGETHER = "machine={'seeds_per_job': 2}"


def test_a_cohort_is_its_seeds_one_by_one(finished: Project, tmp_path: Path) -> None:
    project = clone(tmp_path / "together")
    outcome = project.snakemake("--config", "study=small", TOGETHER)
    assert outcome.code == 0, outcome.text
    assert outcome.jobs["train"] == 2 and "rule train_2_seeds_from_0:" in outcome.text
    for name in ("plain", "focal"):
        for count in ("(1 of 2)", "(2 of 2)"):
            assert any(f"small/{name}, seed" in line and count in line for line in outcome.text.splitlines())
    _require_same_bits(project, finished)
    for number in (1, 3):
        again = project.snakemake("--config", "study=small", f"machine={{'seeds_per_job': {number}}}")
        assert "Nothing to be done" in again.text


def test_a_job_of_several_variants_is_their_runs_one_by_one(finished: Project, tmp_path: Path) -> None:
    project = replace(clone(tmp_path / "shared"), cores=1)
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    assert outcome.jobs["train"] == 1 and "rule train_1_of_1:" in outcome.text
    done = re.findall(r"^small/(\w+), seed (\d): done in [\d.]+ s (\(\d of 4\))", outcome.text, re.MULTILINE)
    assert done == [  # each variant is tried early
        ("plain", "0", "(1 of 4)"),
        ("focal", "0", "(2 of 4)"),
        ("plain", "1", "(3 of 4)"),
        ("focal", "1", "(4 of 4)"),
    ]
    _require_same_bits(project, finished)
    assert "Nothing to be done" in finished.snakemake("-n", "--cores", "1").text


def _require_same_bits(project: Project, other: Project) -> None:
    for pattern in BITS:
        assert project.files(pattern) == other.files(pattern) != {}, pattern


@pytest.mark.parametrize(
    "options", [["--config", "study=small", "machine={'seeds_per_job': 3}"], ["--cores", "1"]]
)
def test_a_seed_that_fails_harms_no_other(project: Project, options: list[str]) -> None:
    """Neither of its own variant nor, where jobs share the runs of a study, of another one."""
    (project.root / "unlucky.py").write_text(UNLUCKY)
    project.edit("config/studies/small.yaml", "    loss: focal", '    model: {name: "unlucky:Unlucky"}')
    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 3")
    outcome = project.snakemake(*options)
    assert outcome.code == 1
    assert "small/focal, seed 1: failed: error: not enough memory" in outcome.text
    made = [json.loads(data) for data in project.files("evaluate/*/seed-*/receipt.json").values()]
    assert len(made) == 4 + 1 + 2  # those that were there, plain's third, the lucky
    left = project.snakemake("-n", *options)
    [made_again] = re.findall(r"output: \S+(/seed-.*)", left.text)
    assert left.jobs["train"] == 1 and made_again == "/seed-1/receipt.json"


def test_a_variant_that_fails_takes_the_report_of_no_other_study_with_it(project: Project) -> None:
    (project.root / "unlucky.py").write_text(UNLUCKY)
    unlucky = project.study.read_text().replace("loss: focal", 'model: {name: "unlucky:Unlucky"}')
    (project.study.parent / "unlucky.yaml").write_text(unlucky)
    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 3")
    outcome = replace(project, cores=1).snakemake("--config", "study=[unlucky,small]")
    assert outcome.code == 1
    assert "unlucky/focal, seed 1: failed" in outcome.text
    assert "Nothing to be done" in project.snakemake("-n").text  # its report has three seeds
    assert not (project.results / "studies/unlucky/report.html").exists()


def test_a_module_that_was_broken_since_the_plan_harms_no_other_variant(project: Project) -> None:
    module = project.root / "unlucky.py"
    module.write_text(UNLUCKY)
    project.edit("config/studies/small.yaml", "    loss: focal", '    model: {name: "unlucky:Unlucky"}')
    assert project.snakemake("-n").code == 0  # which writes the recipes
    recipes = {path: "Unlucky" in path.read_text() for path in project.results.glob("evaluate/*/recipe.yaml")}
    [unlucky] = [path for path, is_unlucky in recipes.items() if is_unlucky]
    other = next(path for path, is_unlucky in recipes.items() if not is_unlucky)
    module.write_text("def (")
    given = [word for path in (unlucky, other) for word in ("--recipe", str(path), "--seeds", "7")]
    outcome = project.python("scripts/cohort.py", *given, "--store", str(project.results))
    assert outcome.code == 1 and "Traceback" not in outcome.text
    assert (other.parent / "seed-7/receipt.json").exists()
    for said in (outcome.text, (unlucky.parent / "seed-7/failure.json").read_text()):
        assert "unlucky.py:1: is not valid Python: invalid syntax" in said


def test_what_a_job_can_not_compute_is_refused(finished: Project) -> None:
    recipes = sorted(map(str, finished.results.glob("evaluate/*/recipe.yaml")))
    given = [word for recipe in recipes for word in ("--recipe", recipe)]
    outcome = finished.python("scripts/cohort.py", *given, "--seeds", "0", "--store", "results")
    assert outcome.code == 1 and outcome.text == "error: --seeds: each --recipe needs its own\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_an_interrupted_cohort_goes_on_where_it_was(project: Project, number: signal.Signals) -> None:
    """Its first seed is finished when the signal comes, in the middle of the second."""
    project.edit("config/studies/small.yaml", "epochs: 2", "epochs: 60")
    assert project.snakemake("-n").code == 0  # which writes the recipes
    new = [
        path
        for path in project.results.glob("evaluate/*/recipe.yaml")
        if not (path.parent / "seed-0").exists()
    ]
    [recipe] = [path for path in new if "name: focal" in path.read_text()]
    command = [
        sys.executable,
        "scripts/cohort.py",
        "--recipe",
        str(recipe),
        "--store",
        "results",
        "--seeds",
        "0",
        "1",
    ]
    call = subprocess.Popen(
        command, cwd=project.root, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    first, second = (recipe.parent / f"seed-{seed}" for seed in (0, 1))
    runs = sorted(project.results.glob("train/*/seed-1/resume.pt"))
    while not runs:
        assert call.poll() is None
        time.sleep(0.02)
        runs = sorted(project.results.glob("train/*/seed-1/resume.pt"))
    finished_at = (first / "receipt.json").stat().st_mtime_ns
    os.killpg(call.pid, number)  # to all its processes, as Slurm and a terminal do; and it is passed on
    assert call.wait(30) == 75
    assert not (second / "receipt.json").exists()
    outcome = project.python(*command[1:])
    assert outcome.code == 0, outcome.text
    assert (first / "receipt.json").stat().st_mtime_ns == finished_at
    assert "continued in epoch" in (runs[0].parent / "train.log").read_text()
    alone = project.python(
        "scripts/train.py", "--recipe", str(runs[0].parent / "recipe.yaml"), "--seed", "1", "--out", "alone"
    )
    assert alone.code == 0, alone.text
    for name in ("receipt.json", "history.json", "trace.jsonl", "best.pt", "last.pt"):
        assert (project.root / "alone" / name).read_bytes() == (runs[0].parent / name).read_bytes(), name
