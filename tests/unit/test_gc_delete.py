"""`assay gc --delete`: it asks, it leaves nothing half removed, and it waits for nobody."""

from __future__ import annotations

import itertools
import os
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from assay import finished
from assay.command import gc
from assay.garbage.unreached import find_garbage, plan_everything
from assay.jobs import jobs
from assay.places import addresses
from assay.store import RECEIPT, RECIPE, claim
from stores import (
    OLD,
    PLAIN,
    STORE,
    all_of,
    command,
    contents,
    fill,
    make_files_go,
    with_studies,
    write_study,
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two studies without views: only their files say that they are wanted."""
    with_studies(tmp_path, monkeypatch)


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
