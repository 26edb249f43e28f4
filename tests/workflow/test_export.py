"""A study as an archive: the same bytes from anywhere, complete where it is unpacked, and back in another store."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from workflow.conftest import Outcome, Project, clone

SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "2")
NOT_KEPT = r"^looks/|^(studies|logs)/|/\.|/(error|evaluate|aggregate|compare|report)\.log$"


def assay(project: Project, *arguments: str) -> Outcome:
    return project.python("-m", "assay.command.main", *arguments, PYTHONPATH="scripts")


def exported(project: Project, path: Path, *arguments: str) -> Path:
    outcome = assay(project, "export", "small", "--out", str(path), *arguments)
    assert outcome.code == 0, outcome.text
    return path


def unpacked(archive: Path, target: Path) -> Project:
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    [root] = target.iterdir()
    return Project(root)


def empty(finished: Project, target: Path) -> Project:
    """A clone without results."""
    project = clone(target, finished.root)
    shutil.rmtree(project.results)
    return project


def manifest(archive: Path) -> Any:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(tar.next())
        return json.load(file)


@pytest.fixture(scope="module")
def archive(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(finished, tmp_path_factory.mktemp("exported") / "small.tar.gz")


@pytest.fixture(autouse=True)
def _no_python_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)


def test_an_archive_is_the_same_from_a_copy_and_from_itself(
    archive: Path, project: Project, tmp_path: Path
) -> None:
    """From a clone elsewhere, whose own results lie beside those of the study, and from where it was unpacked."""
    (project.root / "config/studies/other.yaml").write_text("base: {}\n")
    shutil.copytree(
        next(project.results.glob("train/*")), project.results / "train" / f"{'0' * 12}-{'0' * 8}"
    )
    assert exported(project, tmp_path / "copy.tar.gz").read_bytes() == archive.read_bytes()
    again = exported(unpacked(archive, tmp_path / "unpacked"), tmp_path / "again.tar.gz")
    assert again.read_bytes() == archive.read_bytes()


def kept(project: Project) -> dict[str, bytes]:
    """What an archive has of a store: all but the views, what jobs said, and what is hidden."""
    files = project.files("*/**/*").items()
    return {path: data for path, data in files if not re.search(NOT_KEPT, path)}


def test_an_archive_is_a_complete_project(archive: Path, finished: Project, tmp_path: Path) -> None:
    project = unpacked(archive, tmp_path)
    view = Path("results/studies/small")
    for name in ("report.html", "focal/seed-1/best.pt", "plain/evaluation/seed-0/metrics.json"):
        assert (project.root / view / name).read_bytes() == (finished.root / view / name).read_bytes()
    outcome = project.run([*SNAKEMAKE, "-n"])
    assert outcome.code == 0 and outcome.jobs == Counter(), outcome.text
    assert kept(project) == kept(finished)
    assert len(manifest(archive)["results"]) == 14 and manifest(archive)["missing"] == []
    assert "assay verify small" in (project.root / "VERIFY.md").read_text()


def test_results_of_an_archive_are_results_of_another_store(
    archive: Path, finished: Project, tmp_path: Path
) -> None:
    project = empty(finished, tmp_path / "project")
    outcome = assay(project, "import", str(archive))
    assert outcome.code == 0 and "new: 14 results" in outcome.text, outcome.text
    assert "every one of their recipes the same address" in outcome.text
    assert project.snakemake("-n").jobs == Counter()
    project.edit("scripts/assay/losses/focal.py", "return losses.mean()", "return 1.0 * losses.mean()")
    outcome = assay(project, "import", "--dry-run", str(archive))
    assert "here already, with the same digests: 14 results" in outcome.text, outcome.text
    # of the variant with this loss: train, evaluate, the table; and all that reads them
    assert "results of 6 of 10 recipes" in outcome.text
    assert "other code here: assay.losses.focal" in outcome.text


def test_without_data_at_most_the_data_are_made_again(finished: Project, tmp_path: Path) -> None:
    archive = exported(finished, tmp_path / "a.tar.gz", "--without-data")
    project = empty(finished, tmp_path / "project")
    assert assay(project, "import", str(archive)).code == 0
    assert not list(project.results.glob("prepare/*/*/*"))
    assert project.snakemake("-n").jobs.keys() <= {"prepare"}
    receipt = next(finished.results.glob("prepare/*/fixed/receipt.json"))
    [left] = manifest(archive)["left_out"].values()
    assert left == json.loads(receipt.read_text())["digests"]


def test_a_run_is_exported_alone(project: Project, tmp_path: Path) -> None:
    outcome = assay(project, "export", "small/focal/seed-1", "--out", str(tmp_path))
    assert outcome.code == 0, outcome.text
    [archive] = tmp_path.glob("small-focal-seed-1-*.tar.gz")
    reader = unpacked(archive, tmp_path / "unpacked")
    receipts = reader.results.glob("*/*/seed-1/receipt.json"), reader.results.glob("*/*/fixed/receipt.json")
    found = sorted(path.parts[-4] for paths in receipts for path in paths)
    assert found == ["evaluate", "prepare", "train"]
    shown = assay(reader, "show", "small/focal/seed-1", "--json")
    assert json.loads(shown.text)["status"] == "finished"


def test_what_is_not_finished_is_named(project: Project, tmp_path: Path) -> None:
    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 3")
    outcome = assay(project, "export", "small", "--out", str(tmp_path))
    assert outcome.code == 1 and not list(tmp_path.glob("*.tar.gz"))
    assert "small: 9 results are missing: train plain, seed 2;" in outcome.text
    archive = exported(project, tmp_path / "part.tar.gz", "--partial")
    assert "train focal, seed 2 (was not run)" in manifest(archive)["missing"]
    reader = unpacked(archive, tmp_path / "unpacked")
    assert "train" not in reader.run([*SNAKEMAKE, "-n"]).jobs
    outcome = assay(project, "export", "smal")
    assert outcome.code == 1 and "did you mean 'small'?" in outcome.text and "Traceback" not in outcome.text
