"""Which results a study or a run needs: a run that learns from another takes that one along, with its data."""

from __future__ import annotations

import shutil
from contextlib import chdir
from pathlib import Path

import pytest
import stores
from assay.archive.selection import Selection, of_run, of_study
from assay.errors import UserError
from assay.plan import Plan, load_plan
from assay.store import write_atomically


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    folder = tmp_path_factory.mktemp("origin")
    with chdir(folder):
        stores.write_study("taught", stores.TAUGHT)
        stores.write_study("plain", stores.PLAIN)
        return folder, stores.fill("taught", "plain", views=True)


@pytest.fixture
def plan(origin: tuple[Path, Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The plan of both studies, in a copy of their project."""
    shutil.copytree(origin[0], tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return origin[1]


def paths(selection: Selection) -> list[str]:
    return [result.path for result in selection.results]


def test_a_run_takes_what_it_reads_along_and_its_evaluations(plan: Plan) -> None:
    teacher, taught = plan.studies[0].variants
    assert paths(of_run(plan.store, "taught/taught/seed-5")) == [
        f"prepare/{teacher.prepare.address}/seed-5",
        f"train/{teacher.train.address}/seed-5",
        f"train/{taught.train.address}/seed-5",
    ]
    plain = plan.studies[1].variants[0]
    assert plain.evaluate is not None
    assert paths(of_run(plan.store, f"{plain.train.address}/1")) == [
        f"prepare/{plain.prepare.address}/fixed",
        f"train/{plain.train.address}/seed-1",
        f"evaluate/{plain.evaluate.address}/seed-1",
    ]


def test_a_run_whose_data_are_gone_says_so(plan: Plan) -> None:
    prepare = plan.studies[0].variants[0].prepare
    shutil.rmtree(prepare.folder(plan.store) / "seed-5")
    found = of_run(plan.store, "taught/taught/seed-5")
    assert list(found.missing.values()) == [f"prepare/{prepare.address}/seed-5"]
    assert len(found.results) == 2


def test_a_run_elsewhere_than_in_the_store_is_refused(plan: Plan, tmp_path: Path) -> None:
    teacher = plan.studies[0].variants[0].train
    shutil.copytree(teacher.folder(plan.store) / "seed-5", tmp_path / "again/seed-5")
    with pytest.raises(UserError, match="lies outside the store"):
        of_run(plan.store, "again/seed-5")


def test_a_study_is_its_jobs_and_a_partial_one_those_that_there_are(plan: Plan) -> None:
    whole = of_study(load_plan(study=["taught"]), {})
    assert len(whole.results) == 2 + 4 + 2 + 3 and not whole.missing
    taught = plan.studies[0].variants[1].train
    run = taught.folder(plan.store) / "seed-5"
    shutil.rmtree(run)
    found = of_study(load_plan(study=["taught"]), {})
    assert list(found.missing.values()) == ["train taught, seed 5"]
    failure = '{"error": "ValueError", "message": "no luck", "traceback": ""}'
    write_atomically(run / "failure.json", failure)
    partial = of_study(load_plan(study=["taught"], partial=True), {"partial": True})
    assert partial.absent == ("train taught, seed 5 (ValueError: no luck)",)
    assert [result.path for result in partial.failed] == [f"train/{taught.address}/seed-5"]
    assert list(partial.missing.values()) == [
        "aggregate/variant taught",
        "aggregate/study",
        "compare",
        "report",
    ]
