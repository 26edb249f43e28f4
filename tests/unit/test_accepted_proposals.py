"""What `assay accept` proposes: results are stand-ins, the code's digests are changed by hand."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from assay import accepted, closure, finished
from assay.acceptance.proposals import Proposal, finished_jobs, nothing_to_accept, propose
from assay.jobs import Job, jobs
from assay.jsonfile import to_json
from assay.plan import Plan, load_plan
from assay.store import seed_folder

STORE, LEDGER = Path("results"), Path("supposed.yaml")
PLAIN = {
    "base": {"model": {"name": "mlp", "widths": [4]}},
    "variants": {"plain": {}, "focal": {"loss": "focal"}},
    "seeds": 2,
    "comparisons": {"metric": "accuracy"},
}
TAUGHT = {
    "base": {"model": {"name": "mlp", "widths": [4]}},
    "variants": {
        "taught": {"task": {"name": "distillation", "teacher": "large"}, "loss": "distillation"},
        "large": {"model.widths": [7]},
    },
    "seeds": 1,
    "comparisons": {"metric": "accuracy"},
}
FOCAL, CROSS, MLP = "assay.losses.focal", "assay.losses.cross_entropy", "assay.models.mlp"
DISTILLATION = "assay.losses.distillation"
PREPARE, RENDER = "assay.data.prepare", "assay.report.render"
real_closure = closure.closure


class Code:
    """The code on disk: modules that were changed, by the version that they have now."""

    changed: Mapping[str, str] = {}

    def closure(self, entries: Any) -> dict[str, str]:
        found = real_closure(entries)
        return found | {name: version for name, version in self.changed.items() if name in found}


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Code]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(accepted, "LEDGER", tmp_path / "accepted.yaml")
    for name, content in (("plain", PLAIN), ("taught", TAUGHT)):
        path = Path("config/studies") / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False))
    Path("config/config.yaml").write_text("study: plain\n")
    code = Code()
    monkeypatch.setattr(closure, "closure", code.closure)
    monkeypatch.setattr("assay.plan.forget", accepted.forget)  # files do not change here
    accepted.forget()
    yield code
    accepted.forget()


def load(study: str = "plain") -> Plan:
    return load_plan(study=[study])


def seal(job: Job, bits: str = "", status: str = "finished", age: float = 0) -> None:
    """A result as its program leaves it, of these bits."""
    folder = job.folder(STORE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bits").write_text(bits)
    facts = {"stage": job.recipe.stage, "address": job.recipe.address, "status": status}
    finished.finish(folder, to_json(facts | {"part": job.part, "digests": {"bits": f"digest of {bits}"}}))
    for path in folder.iterdir():
        os.utime(path, (1e9 - age, 1e9 - age))


def fill(*stages: str, study: str = "plain", **facts: Any) -> Plan:
    """Put a result at every place of a study, or of some of its stages."""
    plan = load(study)
    plan.write_recipes()
    for job in jobs(plan.studies[0]):
        if not stages or job.recipe.stage in stages:
            seal(job, **facts)
    return plan


def proposals(study: str = "plain", **options: Any) -> list[Proposal]:
    return propose(functools.partial(load, study), STORE, LEDGER, **options)


def told(found: list[Proposal]) -> list[str]:
    return [proposal.title for proposal in found]


def addresses(plan: Plan, stage: str) -> dict[str | None, str]:
    return {job.variant: job.recipe.address for job in jobs(plan.studies[0]) if job.recipe.stage == stage}


def test_what_the_change_reaches_is_proposed_and_the_rest_is_found_again(code: Code) -> None:
    before = fill()
    assert proposals() == []
    code.changed = {FOCAL: "2"}
    found = proposals()
    assert told(found) == ["train plain/focal, seed 0", "evaluate plain/focal, seed 0"]
    assert [item.kept for item in found] == [addresses(before, s)["focal"] for s in ("train", "evaluate")]
    assert not any(item.made for item in found)
    accepted.add(item.entry({}) for item in found)
    assert finished_jobs(load(), STORE) == finished_jobs(before, STORE) == 1 + 4 + 4 + 2 + 3
    assert proposals() == []
    assert accepted.entries()[0].changed == [FOCAL]


def test_every_stage_is_reached_through_those_before(code: Code) -> None:
    fill()
    code.changed = {PREPARE: "2", MLP: "2", RENDER: "2"}
    stages = [item.recipe.stage for item in proposals()]
    assert stages == ["prepare", "train", "train", "evaluate", "evaluate", "report"]


def test_a_student_is_proposed_under_the_address_that_its_teacher_keeps(code: Code) -> None:
    before = addresses(fill(study="taught"), "train")
    code.changed = {MLP: "2"}
    found = [item for item in proposals("taught") if item.recipe.stage == "train"]
    assert told(found) == ["train taught/large, seed 0", "train taught/taught, seed 0"]
    assert [item.kept for item in found] == [before["large"], before["taught"]]


def test_a_student_of_a_teacher_that_moves_waits_for_it(code: Code) -> None:
    """It has results under the teacher's other address, too; an entry for these would serve nothing."""
    before = addresses(fill(study="taught"), "train")
    code.changed = {MLP: "2"}
    fill("train", study="taught")
    code.changed = {MLP: "2", DISTILLATION: "2"}
    found = [item for item in proposals("taught") if item.recipe.stage == "train"]
    assert [(item.title, item.made) for item in found] == [
        ("train taught/large, seed 0", True),
        ("train taught/taught, seed 0", False),
    ]
    assert [item.kept for item in found] == [before["large"], before["taught"]]


def test_a_second_change_points_to_the_results_and_the_way_back_needs_nothing(code: Code) -> None:
    before = addresses(fill(), "train")
    code.changed = {FOCAL: "2"}
    accepted.add(item.entry({}) for item in proposals())
    code.changed = {FOCAL: "3"}
    found = proposals()
    assert [item.kept for item in found if item.recipe.stage == "train"] == [before["focal"]]
    accepted.add(item.entry({}) for item in found)
    for version in ({FOCAL: "3"}, {FOCAL: "2"}, {}):
        code.changed = version
        assert addresses(load(), "train") == before and proposals() == []


def test_results_that_are_there_under_both_codes_are_compared_as_they_are(code: Code) -> None:
    """As when the workflow was begun under the new code, and ended when one saw that it computes all again."""
    fill()
    code.changed = {PREPARE: "2", FOCAL: "2"}
    fill("prepare")
    [prepare, *others] = proposals()
    assert prepare.recipe.stage == "prepare" and prepare.made
    assert others and not any(item.made for item in others)
    fill("prepare", bits="other")
    assert proposals() == []
    said = nothing_to_accept(load(), STORE)
    assert "13 results are to be computed" in said
    assert "differ: bits: line 1: `other`, not the end of the file" in said


def test_own_results_that_the_others_lack_are_not_given_up(code: Code) -> None:
    plan = fill()
    for job in jobs(plan.studies[0]):
        if job.recipe.stage in ("train", "evaluate") and job.part == seed_folder(1):
            shutil.rmtree(job.folder(STORE))
    code.changed = {FOCAL: "2"}
    fill("train", "evaluate")
    assert not [item for item in proposals() if item.recipe.stage == "train"]


def test_the_newest_results_come_first_and_then_older_ones(code: Code) -> None:
    first = addresses(fill(age=500), "train")["focal"]
    code.changed = {FOCAL: "2"}
    second = addresses(fill(age=100), "train")["focal"]
    code.changed = {FOCAL: "3"}
    refused = set()
    for kept in (second, first):
        [train] = [item for item in proposals(refused=refused) if item.recipe.stage == "train"]
        assert train.kept == kept
        refused.add(train.key)
    assert not [item for item in proposals(refused=refused) if item.recipe.stage == "train"]


def test_a_run_that_diverged_is_the_last_choice_and_one_without_inputs_none(code: Code) -> None:
    plan = fill()
    runs = [job for job in jobs(plan.studies[0]) if job.variant == "focal" and job.recipe.stage == "train"]
    seal(runs[0], status="diverged in epoch 1")
    code.changed = {FOCAL: "2"}
    assert told(proposals())[0] == "train plain/focal, seed 1"
    shutil.rmtree(runs[0].folder(STORE))
    assert told(proposals())[1] == "evaluate plain/focal, seed 1"
    shutil.rmtree(runs[1].folder(STORE))
    assert proposals() == []


def test_nothing_is_proposed_that_gains_no_result(code: Code) -> None:
    """All is there under both codes: an entry would only make the newer results garbage."""
    fill()
    code.changed = {PREPARE: "2"}
    fill()
    assert proposals() == []


def test_nothing_is_said_where_all_is_there(code: Code) -> None:
    fill()
    assert nothing_to_accept(load(), STORE).endswith("every result is there under the code on disk")
