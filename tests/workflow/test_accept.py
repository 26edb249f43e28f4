"""A refactoring in the middle of a study: equal bits keep every result, other bits are named and record nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from workflow.conftest import Outcome, Project

FOCAL, MLP = "scripts/assay/losses/focal.py", "scripts/assay/models/mlp.py"
SPLIT = "        losses = self._share(negative_log_likelihood) * negative_log_likelihood\n"
SHARE = """
    def _share(self, loss: Tensor) -> Tensor:
        improbability = -torch.expm1(-loss)
        return improbability.clamp(min=torch.finfo(improbability.dtype).tiny) ** self.gamma
"""
NOTHING = "nothing to accept: every result is there under the code on disk"


def accept(project: Project, *arguments: str) -> Outcome:
    return project.python("-m", "assay.command.main", "accept", "small", *arguments, PYTHONPATH="scripts")


def entries(project: Project) -> list[dict[str, Any]]:
    return list(yaml.safe_load((project.root / "config/accepted.yaml").read_text())["accepted"])


def split_the_loss(project: Project) -> None:
    """Rename a local variable of the model, and give the loss a function of its own: the same arithmetic."""
    project.edit(MLP, "size", "features")
    path = project.root / FOCAL
    text = path.read_text()
    start, end = text.index("        improbability ="), text.index("        if self.class_weights is not")
    path.write_text(text[:start] + SPLIT + text[end:] + SHARE)


def address_of(project: Project, view: str) -> str:
    return (project.results / "studies/small" / view).resolve().parent.name


def test_an_equal_refactoring_keeps_every_result(project: Project) -> None:
    before = {file: (project.root / file).read_text() for file in (FOCAL, MLP)}
    kept = {name: address_of(project, f"{name}/seed-0") for name in ("plain", "focal")}
    split_the_loss(project)
    outcome = accept(project, "--jobs", "2", "--message", "the loss in two functions")
    assert outcome.code == 0, outcome.text
    assert "assay.losses.focal: 5 lines added, 4 removed" in outcome.text
    assert "train small/focal, seed 0: equal (2 of 2 epochs, 4 files)" in outcome.text
    assert (
        "4 recipes keep their addresses; 8 finished results stay valid. Commit config/accepted.yaml"
        in outcome.text
    )
    found = {(entry["stage"], entry["made_for"]): entry for entry in entries(project)}
    assert set(found) == {(stage, f"small/{name}") for stage in ("train", "evaluate") for name in kept}
    focal = found["train", "small/focal"]
    assert f"{focal['recipe']}-{focal['same_as']}" == kept["focal"] and focal["code"] != focal["same_as"]
    assert focal["changed"] == ["assay.losses.focal", "assay.models.mlp"]
    assert found["train", "small/plain"]["changed"] == ["assay.models.mlp"]
    assert focal["message"] == "the loss in two functions"
    receipt = json.loads((project.results / "train" / kept["focal"] / "seed-0/receipt.json").read_text())
    assert focal["evidence"]["digests"] == receipt["digests"]
    assert (focal["evidence"]["seed"], focal["evidence"]["epochs"]) == (0, "2 of 2")
    assert {"torch", "cpu", "fingerprint"} <= set(focal["evidence"]["environment"])
    assert not project.snakemake("-n").jobs

    # another seed is trained with the changed code, and lies with the others
    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 3")
    run = Path("results/train", kept["focal"], "seed-2/receipt.json")
    outcome = project.snakemake(str(run))
    assert outcome.code == 0 and outcome.jobs == {"train": 1}, outcome.text
    assert json.loads((project.root / run).read_text())["address"] == kept["focal"]
    project.edit("config/studies/small.yaml", "seeds: 3", "seeds: 2")

    # a second change is accepted as the same as what computed the results, not as the first change
    project.edit(MLP, "features", "width_before")
    project.edit(FOCAL, "loss: Tensor", "nll: Tensor")
    project.edit(FOCAL, "expm1(-loss)", "expm1(-nll)")
    outcome = accept(project, "--epochs", "1", "--jobs", "2")
    assert (
        outcome.code == 0
        and "train small/plain, seed 0: equal (first 1 of 2 epochs, 2 files)" in outcome.text
    )
    second = [entry for entry in entries(project)[4:] if entry["stage"] == "train"]
    assert {f"{entry['recipe']}-{entry['same_as']}" for entry in second} == set(kept.values())
    assert {entry["evidence"]["epochs"] for entry in second} == {"first 1 of 2"}
    assert NOTHING in accept(project).text

    # and the code that computed the results needs no entry
    for file, text in before.items():
        (project.root / file).write_text(text)
    assert NOTHING in accept(project).text


def test_every_stage_can_be_refactored(project: Project) -> None:
    project.edit("scripts/assay/data/prepare.py", "lacking", "missing")
    project.edit("scripts/assay/results/aggregate.py", "best_epochs", "found_epochs")
    project.edit("scripts/assay/results/aggregate.py", '"found_epochs":', '"best_epochs":')
    project.edit("scripts/assay/results/compare.py", "\n\n\ndef ", "\n\nUNUSED = 1\n\n\ndef ")
    project.edit("scripts/assay/report/render.py", "lasting", "same_everywhere")
    prepared = [
        line for line in project.snakemake("-n").text.split() if "/prepare/" in line and "receipt" in line
    ]
    # the user saw that everything is computed again, and ended it when the first job was done
    assert project.snakemake(prepared[0].rstrip(",")).jobs == {"prepare": 1}
    outcome = accept(project, "--jobs", "2")
    assert outcome.code == 0, outcome.text
    assert "prepare small/plain: equal (6 files, there under both codes already)" in outcome.text
    stages = [entry["stage"] for entry in entries(project)]
    assert stages == ["prepare", *["aggregate/variant"] * 2, "aggregate/study", "compare", "report"]
    assert not project.snakemake("-n").jobs


def test_other_bits_are_named_and_nothing_is_recorded(project: Project) -> None:
    ledger = project.root / "config/accepted.yaml"
    ledger.write_text("# mine\naccepted: []\n")
    project.edit(MLP, "size", "features")  # the same bits: the plain variant would be accepted
    project.edit(FOCAL, "losses = improbability", "losses = 1.001 * improbability")
    outcome = accept(project)
    assert outcome.code == 1
    assert "train small/plain, seed 0: equal" in outcome.text
    assert "train small/focal, seed 0: differs: epoch 1, step 1: the loss or a metric" in outcome.text
    assert "model.hidden.1.weight" in outcome.text and "Nothing is recorded" in outcome.text
    assert ledger.read_text() == "# mine\naccepted: []\n"
    assert not list(project.root.glob(".results.*"))
