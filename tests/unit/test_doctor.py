"""`assay doctor`: it says nothing of a healthy store, names what is wrong, and mends what can be mended."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import stores
from assay import finished
from assay.command import main
from assay.doctor import Looked, examine
from assay.doctor.recipes import recipe_finding
from assay.doctor.results import result_findings
from assay.jobs import jobs
from assay.places import Place
from assay.plan import Plan
from assay.store import FAILURE, RECEIPT, RECIPE, RESUME, claim
from stores import LOCK, OLD, STORE, contents, fixed, job, named, write_study

origin, plan = stores.origin, stores.plan


def test_nothing_is_said_of_a_healthy_store(plan: Plan) -> None:
    looked = Looked()
    assert list(examine(STORE, looked)) == []
    assert looked.results == sum(1 for study in plan.studies for _ in jobs(study)) and not looked.busy
    sealed = (path for job in jobs(plan.studies[0]) for path in job.folder(STORE).rglob("*"))
    assert looked.files > sum(path.is_file() for path in sealed)
    write_study("plain", "not a study")  # it is the store that is looked at
    assert list(examine(STORE, looked)) == []


@pytest.mark.parametrize("stage", ["train", "aggregate/study"])
def test_flipped_bytes_are_found(plan: Plan, stage: str) -> None:
    """Each byte of each file of a result and its address, of large ones each ninth; a newline also as what text files
    take for one."""
    chosen = job(plan, stage)
    place = Place(stage, chosen.recipe.address, chosen.part)
    copies = SimpleNamespace(of=lambda *key: None)
    paths = [path for path in chosen.folder(STORE).rglob("*") if path.is_file()]
    if chosen.part:
        paths.append(chosen.recipe.folder(STORE) / RECIPE)
    checked = set()
    for path in paths:
        data = path.read_bytes()
        if path.name in ("error.log", ".claim"):
            continue
        for position in range(0, len(data), 1 if len(data) < 2000 else 9):
            changed = bytearray(data)
            changed[position] ^= 7 if data[position] == 10 else 1 << position % 8
            path.write_bytes(changed)
            if path.parent == chosen.folder(STORE) or path.parent.name == "figures":
                found = result_findings(STORE, place, Looked())
            else:
                found = recipe_finding(STORE, *place.key, copies, Looked())  # type: ignore[arg-type]
            assert path in (finding.path for finding in found), position
        path.write_bytes(data)
        checked.add(path.name)
    assert checked > {RECEIPT, RECIPE, finished.SEAL, "curve.png"}


def receipt_of(plan: Plan, stage: str) -> Path:
    return job(plan, stage).folder(STORE) / RECEIPT


@pytest.mark.parametrize("hurt", [Path.unlink, lambda path: path.write_text("{}")])
def test_a_receipt_is_written_again_from_the_seal(plan: Plan, hurt: Callable[[Path], object]) -> None:
    before = contents(STORE)
    paths = {receipt_of(plan, stage) for stage in ("prepare", "train", "report")}
    for path in paths:
        hurt(path)
    assert named() == paths
    assert fixed() == [] and contents(STORE) == before and named() == set()


def test_what_is_damaged_no_longer_looks_finished_and_the_rest_of_it_stays(plan: Plan) -> None:
    hurt = {
        job(plan, "train").folder(STORE) / "metrics.json": lambda path: path.write_text("9"),
        job(plan, "evaluate").folder(STORE) / "figures/curve.png": lambda path: path.unlink(),
        job(plan, "report").folder(STORE) / finished.SEAL: lambda path: path.unlink(),
        job(plan, "compare").folder(STORE) / finished.SEAL: lambda path: path.write_text("{}"),
    }
    for path, change in hurt.items():
        change(path)
    before = contents(STORE)
    assert named() == {*hurt}
    assert contents(STORE) == before
    assert fixed() == [] and named() == set()
    results = [job(plan, stage).folder(STORE) for stage in ("train", "evaluate", "report", "compare")]
    gone = {folder / name for folder in results for name in (RECEIPT, finished.SEAL)}
    assert contents(STORE) == {path: data for path, data in before.items() if path not in gone}


@pytest.mark.parametrize("name", ["metrics.json", RECEIPT, RESUME])
def test_what_a_process_has_come_to_write_since_it_was_found_is_left_to_it(plan: Plan, name: str) -> None:
    path = job(plan, "train").folder(STORE) / name
    good = path.read_bytes() if path.exists() else None
    path.write_text("9")
    before = contents(STORE)
    [finding] = examine(STORE, Looked())
    assert finding.path == path and finding.fix is not None
    with claim(path.parent):
        assert not finding.fix()
    assert contents(STORE) == before
    if good is not None:  # that process has put it right
        path.write_bytes(good)
        before = contents(STORE)
        assert finding.fix() and contents(STORE) == before


def test_what_it_cannot_know_is_left(plan: Plan) -> None:
    """A file of the user's, and a result that somebody has moved: neither is removed."""
    notes = job(plan, "train").folder(STORE) / "notes.txt"
    notes.write_text("mine")
    first, second = (study.variants[0].measured.folder(STORE) / "seed-1" for study in plan.studies[:1] * 2)
    moved = second.with_name("seed-9")
    shutil.copytree(first, moved)
    before = contents(STORE)
    assert [text.partition(": ")[2] for text in fixed()] == [
        "is no file of this result; move it elsewhere",
        f"holds the result of evaluate/{first.parent.name}/seed-1; move it there, or remove it",
    ]
    assert contents(STORE) == before


@pytest.mark.parametrize("name", [".best.pt.123.part", "figures/.curve.png.123.part", RESUME, FAILURE])
def test_leftovers_of_killed_jobs_beside_a_result(plan: Plan, name: str) -> None:
    before = contents(STORE)
    run = job(plan, "train").folder(STORE)
    (run / name).write_bytes(b"left")
    with claim(run):
        assert named() == set() and fixed() == [] and (run / name).exists()
    assert named() == {run / name}
    assert fixed() == [] and contents(STORE) == before


@pytest.mark.parametrize(
    "name", ["train/{}/.recipe.yaml.1.part", "..file-digests.json.1.part", "code/.0.1.part"]
)
def test_leftovers_of_killed_jobs_elsewhere(plan: Plan, name: str) -> None:
    before = contents(STORE)
    path = STORE / name.format(job(plan, "train").recipe.address)
    path.write_bytes(b"left")
    assert named() == set()  # a process may be at it
    os.utime(path, (OLD, OLD))
    assert named() == {path}
    assert fixed() == [] and contents(STORE) == before


@pytest.mark.parametrize("where", ["beside the store", "in the system's folder for such things"])
def test_the_store_of_a_killed_replay(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    project, folder = Path.cwd(), Path(".results.replay-123").resolve()
    if where != "beside the store":  # where one may only read
        folder = tmp_path / folder.name
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        monkeypatch.setattr(os, "access", lambda path, mode: path != project)
    with claim(folder):
        os.utime(folder, (OLD, OLD))
        assert named() == set()
    assert named() == {folder}
    assert fixed() == [] and not folder.exists()


def test_a_state_that_can_be_continued_stays(plan: Plan) -> None:
    run = job(plan, "train").folder(STORE)
    for name in (RECEIPT, finished.SEAL):
        (run / name).unlink()
    for name in (RESUME, FAILURE):
        (run / name).write_text("{}")
    assert named() == set()


def test_links_of_views_that_lead_nowhere(plan: Plan) -> None:
    run = plan.studies[0].variants[0].train.folder(STORE) / "seed-1"
    shutil.rmtree(run)
    assert named() == {STORE / "studies/plain/plain/seed-1"}
    assert fixed() == [] and named() == set()
    assert (STORE / "studies/plain/plain/seed-0/metrics.json").exists()


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["assay", "doctor", *arguments])
    try:
        main.main()
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def test_exit_codes_and_what_is_said(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch) == 0
    assert "all is as it should be" in capsys.readouterr().out
    damaged = job(plan, "train").folder(STORE) / "metrics.json"
    damaged.write_text("9")
    LOCK.write_text("PyYAML==0.1\n")
    assert command(monkeypatch) == 1
    said = capsys.readouterr().out
    assert f"{damaged}: is damaged" in said and "--fix would remove receipt and seal" in said
    assert "2 findings; `assay doctor --fix` puts 1 right" in said
    with claim(damaged.parent):
        assert command(monkeypatch, "--fix") == 1
        assert "left alone: 1 result that a process is writing" in capsys.readouterr().out
    assert command(monkeypatch, "--fix") == 1
    assert "2 findings, 1 fixed" in capsys.readouterr().out
    LOCK.write_text(f"PyYAML=={metadata.version('pyyaml')}\n")
    damaged = job(plan, "evaluate").folder(STORE) / "metrics.json"
    damaged.unlink()
    assert (command(monkeypatch, "--fix"), command(monkeypatch)) == (0, 0)
