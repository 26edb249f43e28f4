"""A study in which one variant teaches another: its run is there first, and a change of it is a change of both."""

from __future__ import annotations

import json

from workflow.conftest import Project

STUDY = """\
base:
  model: {name: mlp, widths: [8]}
  training: {epochs: 1}
variants:
  taught: {task: {name: distillation, teacher: large}, loss: distillation}
  large: {model.widths: [16]}
seeds: 1
"""


def test_a_student_is_trained_after_its_teacher(project: Project) -> None:
    project.study.write_text(STUDY)
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    run = project.results / "studies/small/taught/seed-0"
    row = json.loads((run / "history.json").read_text())["history"][0]
    assert {"train_hard", "train_soft", "val_loss"} <= row.keys()
    again = project.python("scripts/train.py", "--recipe", str(run / "recipe.yaml"), "--out", "again")
    assert again.code == 0, again.text
    assert (project.root / "again/receipt.json").read_bytes() == (run / "receipt.json").read_bytes()
    project.edit("config/studies/small.yaml", "[16]", "[17]")
    assert project.snakemake("-n").jobs["train"] == 2
