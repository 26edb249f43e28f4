"""Planning, noise and looks of a real study: what its runs say before and after seeds are added."""

from __future__ import annotations

import json

from workflow.conftest import Outcome, Project


def assay(project: Project, *arguments: str) -> Outcome:
    return project.python("-m", "assay.command.main", *arguments, PYTHONPATH="scripts")


def test_seeds_added_after_a_look_are_told(project: Project) -> None:
    pilot = assay(project, "plan", "small", "--margin", "0.01", "--seeds", "2", "8")
    assert pilot.code == 0, pilot.text
    assert "focal − plain" in pilot.text and "seeds to find 1" in pilot.text
    trained = project.files("train/*/seed-*/receipt.json")

    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 3")
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    assert outcome.jobs["train"] == 2, "the seeds that exist are not trained again"
    assert trained.items() <= project.files("train/*/seed-*/receipt.json").items()
    report = (project.results / "studies/small/report.md").read_text()
    assert "from 2 to 3 seeds" in report

    noise = assay(project, "aa", "small", "--format", "json")
    assert noise.code == 0, noise.text
    rows = json.loads(noise.text)
    assert [row["variant"] for row in rows] == ["plain", "focal"]
    assert all(row["seeds"] == 3 and row["sd"] > 0 and row["noise floor"] is None for row in rows)

    project.edit("config/studies/small.yaml", "metric: accuracy", "metric: accuracy, looks: [2, 3]")
    outcome = project.snakemake()
    assert outcome.code == 0 and set(outcome.jobs) == {"compare", "report"}, outcome.text
    (path,) = (p for p in project.results.glob("compare/*/comparisons.json") if '"planned"' in p.read_text())
    compared = json.loads(path.read_text())
    assert compared["looks"] == {"planned": [2, 3], "look": 2, "spending": "obrien_fleming"}
    report = (project.results / "studies/small/report.md").read_text()
    assert "from 2 to 3 seeds" in report, "declared after the first look is not declared"
    assert "honest" not in report


def test_without_runs_a_plan_asks_for_what_it_needs(project: Project) -> None:
    project.edit("config/studies/small.yaml", "learning_rate: 0.001", "learning_rate: 0.002")
    outcome = assay(project, "plan", "small")
    assert outcome.code == 1 and "state it: --sd" in outcome.text
    outcome = assay(project, "plan", "small", "--sd", "0.01", "--margin", "0.005")
    assert outcome.code == 0 and "stated" in outcome.text, outcome.text
    outcome = assay(project, "aa", "small")
    assert outcome.code == 1 and "no run is finished" in outcome.text
