"""What a user gets when something is wrong: a message, a report of what exists, never a traceback."""

from __future__ import annotations

import json
import re

import pytest

from workflow.conftest import Project

WRONG = {
    "an unknown key": ("epochs: 2", "epoch: 2", ["small.yaml:5", "base.training.epoch", "'epochs'"]),
    "an unknown model": ("name: mlp", "name: mpl", ["base.model.name", "'mpl'", "'mlp'"]),
    "a wrong type": ("epochs: 2", "epochs: two", ["base.training.epochs", "'two'"]),
    "no baseline": ("baseline: plain", "baseline: plan", ["comparisons.baseline", "'plan'", "'plain'"]),
    "no YAML": ("variants:", "variants: [", ["small.yaml", "not valid YAML"]),
    "a missing file": (
        "{source: digits}", "{source: {name: csv, path: x.csv, target: y}}", ["base.data.source.path", "x.csv"],
    ),
}  # fmt: skip

UNLUCKY = '''
import torch
from assay.models.mlp import MLP
from assay.streams import stream_seed


class Unlucky(MLP):
    """Fails on seed 1, as a run that meets a bad node would."""

    def __init__(self, input_shape, outputs, *, widths: list[int] = (8,)):
        if torch.initial_seed() == stream_seed(1, "initialisation"):
            raise MemoryError("no memory left for seed 1")
        super().__init__(input_shape, outputs, widths=widths)
'''


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_study_stops_everything_before_the_first_job(project: Project, name: str) -> None:
    old, new, told = WRONG[name]
    project.edit("config/studies/small.yaml", old, new)
    before = project.files("*/*/*")
    outcome = project.snakemake()
    assert outcome.code == 1
    for words in told:
        assert words in outcome.text
    assert "Traceback" not in outcome.text and "rule " not in outcome.text
    assert len(outcome.text.strip().splitlines()) <= 3, outcome.text
    assert project.files("*/*/*") == before


def test_a_wrong_override_names_its_key(project: Project) -> None:
    outcome = project.snakemake("-n", "--config", "study=small", "set=training.epochz=3")
    assert outcome.code == 1
    assert "set.training.epochz" in outcome.text and "'epochs'" in outcome.text
    assert project.snakemake("-n", "--config", "study=smal").text.count("'small'") == 1


def test_overrides_reach_every_variant(project: Project) -> None:
    outcome = project.snakemake("-n", "--config", "study=small", "set=training.epochs=3 model.widths=[4,4]")
    assert outcome.jobs["train"] == 4, outcome.text
    recipes = [path.read_text() for path in project.results.glob("train/*/recipe.yaml")]
    assert (
        sum(
            "epochs: 3" in text and re.search(r"widths:\n +- 4\n +- 4\n", text) is not None
            for text in recipes
        )
        == 2
    )


def test_a_smoke_run_is_one_epoch_and_two_seeds(project: Project) -> None:
    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 5")
    outcome = project.snakemake("--config", "study=small", "smoke=true")
    assert outcome.code == 0, outcome.text
    assert outcome.jobs["train"] == 4
    page = (project.results / "studies/small/report.html").read_text()
    assert "quick try" in page


def test_a_run_that_diverges_is_a_result_and_the_report_names_it(project: Project) -> None:
    project.edit(
        "config/studies/small.yaml", "    loss: focal", "    training: {learning_rate: 1e30, optimizer: sgd}"
    )
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    receipts = [json.loads(data) for data in project.files("train/*/*/receipt.json").values()]
    diverged = [receipt for receipt in receipts if receipt["status"] != "finished"]
    assert len(diverged) == 2 and all("diverged in epoch 1" in receipt["status"] for receipt in diverged)
    page = (project.results / "studies/small/report.html").read_text()
    assert "diverged in epoch 1" in page
    [comparison] = json.loads(next(iter(project.files("compare/*/comparisons.json").values())))[
        "comparisons"
    ][:1]
    assert comparison["n"] in (0, 2)
    assert "Nothing to be done" in project.snakemake().text


def test_a_run_that_fails_is_named_the_others_finish_and_a_partial_report_is_had(project: Project) -> None:
    (project.root / "unlucky.py").write_text(UNLUCKY)
    project.edit("config/studies/small.yaml", "    loss: focal", '    model: {name: "unlucky:Unlucky"}')
    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 3")
    outcome = project.snakemake()
    assert outcome.code == 1
    assert "failed: focal, seed 1: error: not enough memory: no memory left for seed 1" in outcome.text
    assert "partial=true" in outcome.text
    assert len(project.files("evaluate/*/seed-*/receipt.json")) == 4 + 1 + 2  # old ones, plain's, the lucky
    failure = json.loads(next(iter(project.files("train/*/seed-1/failure.json").values())))
    assert failure["error"] == "error" and "Traceback" in failure["traceback"]

    status = project.python("-m", "assay.command.main", "status", "small", PYTHONPATH="scripts")
    assert "1 failed" in status.text and "no memory left" in status.text, status.text

    outcome = project.snakemake("--config", "study=small", "partial=true")
    assert outcome.code == 0, outcome.text
    assert outcome.jobs["train"] == 0
    report = (project.results / "studies/small/report.md").read_text()
    assert "no memory left for seed 1" in report
    comparisons = [json.loads(data) for data in project.files("compare/*/comparisons.json").values()]
    focal = [c for made in comparisons for c in made["comparisons"] if c["dropped"]]
    assert [c["seeds"] for c in focal] == [[0, 2]] and focal[0]["dropped"][0]["seed"] == 1
