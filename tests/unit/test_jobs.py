"""The jobs of a plan: all of them, none twice, each after those whose results it reads."""

from __future__ import annotations

from pathlib import Path

from assay.jobs import jobs
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
    seen: set[str] = set()
    for job in found:
        assert set(job.recipe.upstream.values()) <= seen, job
        seen.add(job.recipe.address)
    trained = [(job.variant, job.part) for job in found if job.recipe.stage == "train"]
    assert trained == [("big", "seed-0"), ("big", "seed-1"), ("student", "seed-0"), ("student", "seed-1")]
