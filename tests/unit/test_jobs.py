"""The jobs of a plan: all of them, none twice, each after those whose results it reads; and which these are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assay.jobs import inputs, jobs
from assay.places import Place
from assay.plan import load_plan

STUDY = """\
variants:
  student: {task: {name: distillation, teacher: big}, loss: distillation}
  big: {model.widths: [32]}
seeds: 2
"""


def test_each_job_comes_after_those_whose_results_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "taught.yaml"
    path.write_text(STUDY)
    plan = load_plan({"study": str(path), "machine": {"results": str(tmp_path)}})
    found = list(jobs(plan.studies[0]))
    assert len(found) == len({job.folder(tmp_path) for job in found}) == 1 + 4 + 4 + 2 + 3
    addresses: set[str] = set()
    seen: set[Place] = set()
    for job in found:
        assert set(job.recipe.upstream.values()) <= addresses and {*inputs(job.recipe, job.part)} <= seen, job
        addresses.add(job.recipe.address)
        seen.add(job.place)
    table = next(job for job in found if job.recipe.stage == "aggregate/variant")
    assert len({*inputs(table.recipe, "")}) == 2 + 2
    trained = [(job.variant, job.part) for job in found if job.recipe.stage == "train"]
    assert trained == [("big", "seed-0"), ("big", "seed-1"), ("student", "seed-0"), ("student", "seed-1")]


def test_what_a_run_read_lies_where_its_recipe_says(tmp_path: Path) -> None:
    path = tmp_path / "taught.yaml"
    path.write_text(STUDY)
    train = load_plan({"study": str(path)}).studies[0].variants[0].train
    read = {name: replace(recipe, recorded=f"{name} as it was") for name, recipe in train.embedded.items()}
    found = inputs(replace(train, embedded=read), "seed-1")
    assert found == [
        Place("prepare", "prepare as it was", "fixed"),
        Place("train", "teacher as it was", "seed-1"),
    ]
