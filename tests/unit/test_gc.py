"""`assay gc`: what the workflow's rules read is kept, all else goes, and what is in use is never touched."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from assay import finished, single
from assay.command import gc, main
from assay.configuration import configure
from assay.errors import UserError
from assay.garbage import find_garbage, plan_everything
from assay.jobs import jobs
from assay.places import addresses
from assay.plan import Plan
from assay.rule_files import RuleFiles
from assay.store import RECEIPT, RECIPE, claim
from stores import OLD, PLAIN, STORE, TAUGHT, contents, fill, seal, write_study

STUDIES: dict[str, Any] = {"plain": PLAIN, "taught": TAUGHT}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two studies without views: only their files say that they are wanted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("assay.plan.forget", lambda: None)  # no code changes here: it is read once
    for name, content in STUDIES.items():
        write_study(name, content)
    Path("config/config.yaml").write_text("study: plain\n")
    yield


def command(
    monkeypatch: pytest.MonkeyPatch, *arguments: str, answer: Callable[[str], str] | None = None
) -> None:
    """Run `assay gc`; at a terminal if there is an answer to its question."""
    monkeypatch.setattr(sys, "argv", ["assay", "gc", *arguments])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: answer is not None))
    monkeypatch.setattr("builtins.input", answer)
    main.main()


def garbage(plan: Plan | None = None) -> set[Path]:
    return {place.folder(STORE) for place in find_garbage(plan or plan_everything()).results}


def all_of(plan: Plan) -> set[Path]:
    return {job.folder(STORE) for study in plan.studies for job in jobs(study)}


def read_by_rules(plan: Plan, receipt: str) -> set[Path]:
    """A result and all that the workflow's rules read for it, by the functions that the rules ask."""
    files = RuleFiles(plan)
    parts = Path(receipt).relative_to(STORE).parent.parts
    stage = "/".join(parts[:2]) if parts[0] == "aggregate" else parts[0]
    address, seed = (parts[2], "") if parts[0] == "aggregate" else (parts[1], parts[-1].removeprefix("seed-"))
    inputs = {
        "prepare": lambda: [],
        "train": lambda: [files.prepared(address, seed), *files.runs_read(address, seed)],
        "evaluate": lambda: [files.trained(address, seed), files.measured_on(address, seed)],
        "aggregate/variant": lambda: files.runs(address),
        "aggregate/study": lambda: files.variants(address),
        "compare": lambda: [files.study_table(stage, address)],
        "report": lambda: [files.study_table(stage, address), files.comparisons(address)],
    }
    found = {Path(receipt).parent}
    for item in inputs[stage]():
        found |= read_by_rules(plan, item)
    return found


@pytest.mark.parametrize("name", STUDIES)
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


def make_files_go(*names: str) -> None:
    """Take studies away; the configuration then names another one, of which there is no result."""
    for name in names:
        Path(f"config/studies/{name}.yaml").unlink()
    write_study("other", PLAIN | {"base": {"data.split.seed": 77}})
    Path("config/config.yaml").write_text("study: other\n")


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


def test_an_address_whose_recipe_is_damaged_is_left_alone_and_named() -> None:
    plan = fill("plain")
    make_files_go("plain")
    evaluate = plan.studies[0].variants[0].measured.folder(STORE)
    damaged = (evaluate / RECIPE).read_text().replace("seed", "sead", 1).replace("split", "splat", 1)
    (evaluate / RECIPE).write_text(damaged)
    found = find_garbage(plan_everything())
    assert found.unreadable == (f"{evaluate / RECIPE}: is damaged",)
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


@pytest.mark.parametrize("answer", ["", "n", "yes", "Y", "y"])
def test_only_y_deletes(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    fill("plain")
    make_files_go("plain")
    before = contents(STORE)
    asked = []
    command(monkeypatch, "--delete", answer=lambda question: asked.append(question) or answer)
    assert asked[0].startswith("Delete 14 results, ") and asked[0].endswith("? [y/N] ")
    assert (contents(STORE) == before) == (answer != "y")


def test_without_a_terminal_it_needs_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    fill("plain")
    make_files_go("plain")
    before = contents(STORE)
    for arguments in (["--delete"], ["--yes"]):
        with pytest.raises(SystemExit, match="--yes"):
            command(monkeypatch, *arguments)
    command(monkeypatch)
    assert contents(STORE) == before


def test_what_is_left_is_what_a_store_without_it_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Recipes, code, logs and empty folders go, too: nothing tells that the other study ever was."""
    fill("plain")
    shutil.copytree(STORE, "alone")
    fill("taught")
    Path("config/studies/taught.yaml").unlink()
    size = sum(len(data) for data in contents(STORE).values()) - sum(
        len(d) for d in contents(Path("alone")).values()
    )
    command(monkeypatch, "--delete", "--yes")
    said = capsys.readouterr().out
    assert {path.relative_to(STORE): data for path, data in contents(STORE).items()} == {
        path.relative_to("alone"): data for path, data in contents(Path("alone")).items()
    }
    assert sorted(p.relative_to(STORE) for p in STORE.rglob("*")) == sorted(
        p.relative_to("alone") for p in Path("alone").rglob("*")
    )
    assert f"removed 11 results, freed {size / 1000:.1f} kB" in said
    command(monkeypatch)
    assert "nothing is garbage" in capsys.readouterr().out


def test_an_interruption_leaves_nothing_that_looks_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = fill("plain")
    make_files_go("plain")
    other = plan_everything()
    shutil.copytree(STORE, "whole")
    remove, interrupted = Path.unlink, 0
    for number in itertools.count(1, 17):
        left = number

        def unlink(path: Path, missing_ok: bool = False) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            remove(path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "unlink", unlink)
        with suppress(KeyboardInterrupt):
            gc.delete(find_garbage(other), {}, STORE)
        monkeypatch.setattr(Path, "unlink", remove)
        if left >= 0:
            break
        interrupted += 1
        for result in all_of(plan):
            if finished.is_finished(result):  # then it is whole, but for a receipt that its seal has, too
                assert {name for name, _ in finished.faults(result)} <= {RECEIPT}, (number, result)
        for folder, _, _ in os.walk(STORE):  # and a later call finds all that is left
            os.utime(folder, (OLD, OLD))
        gc.delete(find_garbage(other), {}, STORE)
        assert not list(addresses(STORE))
        shutil.rmtree(STORE)
        shutil.copytree("whole", STORE, copy_function=shutil.copy2)
    assert interrupted > 5


def test_what_a_process_begins_to_write_meanwhile_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = fill("plain")
    make_files_go("plain")
    run = plan.studies[0].variants[0].train.folder(STORE) / "seed-0"
    weigh, before = gc.weigh, contents(run)
    with ExitStack() as stack:

        def then_claim(*arguments: Any) -> Any:
            stack.enter_context(claim(run))
            return weigh(*arguments)

        monkeypatch.setattr(gc, "weigh", then_claim)
        command(monkeypatch, "--delete", "--yes")
    assert contents(run) == before and (run.parent / RECIPE).exists()
    assert "left alone: 1 that a process has begun to write" in capsys.readouterr().out


def test_a_study_that_comes_to_need_it_while_the_question_stands_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = fill("plain", "taught")
    make_files_go("plain", "taught")

    def answer(question: str) -> str:
        write_study("plain", PLAIN)
        return "y"

    command(monkeypatch, "--delete", answer=answer)
    assert all(finished.is_finished(job.folder(STORE)) for job in jobs(plan.studies[0]))
    assert not any(job.folder(STORE).exists() for job in jobs(plan.studies[1]))
