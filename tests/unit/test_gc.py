"""`assay gc`: what the workflow's rules read is kept, all else goes, and what is in use is never touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from assay import finished, single
from assay.configuration import configure
from assay.errors import UserError
from assay.garbage import reachable
from assay.garbage.unreached import find_garbage, plan_everything
from assay.jobs import inputs, jobs
from assay.places import addresses
from assay.plan import Plan
from assay.rule_files import RuleFiles
from assay.store import RECEIPT, RECIPE, claim
from assay.yamlfile import parse
from stores import PLAIN, STORE, TAUGHT, all_of, command, fill, make_files_go, seal, with_studies, write_study


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two studies without views: only their files say that they are wanted."""
    with_studies(tmp_path, monkeypatch)


def garbage(plan: Plan | None = None) -> set[Path]:
    return {place.folder(STORE) for place in find_garbage(plan or plan_everything()).results}


def of_a_run(files: RuleFiles, stage: str, address: str, seed: int) -> list[str]:
    """What a job that trains and evaluates waits for, and the run that it leaves beside its own receipt."""
    found = [*files.prepared(stage, address, [seed]), *files.runs_read(stage, address, [seed])]
    recipe = files.plan.recipes[stage, address]
    trained = [
        place for place in inputs(recipe, f"seed-{seed}") if stage == "evaluate" and place.stage == "train"
    ]
    return [*found, *(str(place.folder(STORE) / "receipt.json") for place in trained)]


def read_by_rules(plan: Plan, receipt: str) -> set[Path]:
    """A result and all that the workflow's rules read for it, by the functions that the rules ask."""
    files = RuleFiles(plan)
    parts = Path(receipt).relative_to(STORE).parent.parts
    stage = "/".join(parts[:2]) if parts[0] == "aggregate" else parts[0]
    address, seed = (parts[2], "") if parts[0] == "aggregate" else (parts[1], parts[-1].removeprefix("seed-"))
    inputs = {
        "prepare": lambda: [],
        "train": lambda: of_a_run(files, stage, address, int(seed)),
        "evaluate": lambda: of_a_run(files, stage, address, int(seed)),
        "aggregate/variant": lambda: [  # whether it is finished or not
            str(place.folder(STORE) / RECEIPT)
            for place in files.inputs(files.plan.recipes[stage, address], "")
        ],
        "aggregate/study": lambda: files.variants(address),
        "compare": lambda: [files.study_table(stage, address)],
        "report": lambda: [files.study_table(stage, address), files.comparisons(address)],
    }
    found = {Path(receipt).parent}
    for item in inputs[stage]():
        found |= read_by_rules(plan, item)
    return found


@pytest.mark.parametrize("name", ["plain", "taught"])
def test_each_result_keeps_what_the_rules_read_for_it(name: str) -> None:
    """A certificate on any one result, with no study left, keeps that one and what it was computed from."""
    plan = fill(name)
    make_files_go(name)
    other = plan_everything()
    assert garbage(other) == all_of(plan)
    for folder in sorted(all_of(plan)):
        (folder / finished.CERTIFICATE).write_text("{}")
        assert garbage(other) == all_of(plan) - read_by_rules(plan, str(folder / RECEIPT)), folder
        (folder / finished.CERTIFICATE).unlink()


def test_a_study_a_view_and_what_two_studies_share_are_kept() -> None:
    plan = fill("plain", "taught")
    assert garbage() == set()
    write_study("plain", PLAIN | {"variants": {"plain": {}}})
    smaller = all_of(plan_everything())
    assert garbage() == all_of(plan) - smaller
    Path("config/studies/taught.yaml").unlink()
    fill("plain", views=True)
    before = garbage()
    view = STORE / "studies/gone/report.html"
    view.parent.mkdir(parents=True)
    report = plan.studies[1].report.folder(STORE)
    view.symlink_to(os.path.relpath(report / "report.html", view.parent))
    assert before - garbage() == read_by_rules(plan, str(report / RECEIPT)) & before


def test_each_recipe_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fill("plain", "taught", views=True)
    make_files_go("plain", "taught")
    read = []
    monkeypatch.setattr(reachable, "parse", lambda text, name: read.append(name) or parse(text, name))
    find_garbage(plan_everything())
    assert sorted(read) == sorted(str(STORE.joinpath(*key) / RECIPE) for key in addresses(STORE))


def test_what_a_partial_configuration_leaves_out_of_its_report_is_kept() -> None:
    plan = fill("plain")
    Path("config/config.yaml").write_text("study: plain\npartial: true\n")
    shutil.rmtree(STORE / "evaluate")
    assert garbage() == set() and (STORE / "train" / plan.studies[0].variants[0].train.address).exists()


def test_what_is_running_or_can_be_continued_is_left_alone_with_what_it_rests_on() -> None:
    plan = fill("plain", "taught")
    make_files_go("plain", "taught")
    plain, taught = (
        plan.studies[0].variants[0].train.folder(STORE),
        plan.studies[1].variants[1].train.folder(STORE),
    )
    for folder in (plain / "seed-0", taught / "seed-3"):
        (folder / RECEIPT).unlink()
        (folder / finished.SEAL).unlink()
    (taught / "seed-3/resume.pt").write_bytes(b"state")
    (plan.studies[0].report.folder(STORE) / RECEIPT).unlink()
    (plan.studies[0].report.folder(STORE) / finished.SEAL).unlink()
    with claim(plain / "seed-0"):
        found = find_garbage(plan_everything())
        kept = all_of(plan) - garbage()
    assert [place.folder(STORE) for place in found.running] == [plain / "seed-0"]
    assert [place.folder(STORE) for place in found.resumable] == [taught / "seed-3"]
    # the report of the first waits for the run: a call of the workflow is at that study
    waited_for = {job.folder(STORE) for job in jobs(plan.studies[0])}
    assert kept == waited_for | read_by_rules(plan, str(taught / "seed-3" / RECEIPT))
    assert all_of(plan) - garbage() == read_by_rules(plan, str(taught / "seed-3" / RECEIPT))


def test_a_study_that_cannot_be_read_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fill("plain")
    write_study("taught", TAUGHT | {"base": {"modle": "mlp"}})
    with pytest.raises(UserError, match=r"(?s)taught.yaml.*modle.*nothing is garbage"):
        plan_everything()
    write_study("taught", TAUGHT)
    monkeypatch.setenv("ASSAY_SEED", "0")
    with pytest.raises(UserError, match="ASSAY_SEED"):
        plan_everything()


@pytest.mark.parametrize("how", ["damaged", "another's"])
def test_an_address_whose_recipe_is_damaged_is_left_alone_and_named(how: str) -> None:
    plan = fill("plain")
    make_files_go("plain")
    evaluate, other = (variant.measured.folder(STORE) for variant in plan.studies[0].variants)
    text = ((evaluate if how == "damaged" else other) / RECIPE).read_text()
    (evaluate / RECIPE).write_text(text.replace("split", "splat", how == "damaged"))
    found = find_garbage(plan_everything())
    assert found.unreadable == (f"{evaluate / RECIPE}: is damaged, or of another address",)
    assert garbage() == all_of(plan) - {evaluate / "seed-0", evaluate / "seed-1"}
    assert not found.code  # it may name any of it
    (evaluate / "seed-0" / finished.CERTIFICATE).write_text("{}")
    with pytest.raises(UserError, match=r"seed-0: is in use, and what it rests on is not known"):
        garbage()


def test_runs_outside_the_workflow_are_of_no_study(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs called by hand put a recipe into the run's folder, and none at the addresses."""
    recipe = single.from_settings({}, {"model.widths": [3]}, configure())
    seal(recipe, recipe.folder(STORE) / "seed-4")
    seal(recipe.embedded["prepare"], recipe.embedded["prepare"].folder(STORE) / "fixed")
    command(monkeypatch)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[:6] for row in rows if recipe.address in row] == [
        ["train", recipe.address, "of", "no", "study", "4"]
    ]
    fill("plain")
    (recipe.folder(STORE) / "seed-4/resume.pt").write_bytes(b"")
    write_study("plain", PLAIN | {"base": {"data.split.seed": 9}})  # nobody else reads those data
    assert recipe.embedded["prepare"].folder(STORE) / "fixed" in garbage()
    (recipe.folder(STORE) / "seed-4" / finished.CERTIFICATE).write_text("{}")
    assert recipe.embedded["prepare"].folder(STORE) / "fixed" not in garbage()
