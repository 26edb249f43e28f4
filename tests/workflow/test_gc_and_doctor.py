"""The doctor finds every byte that is not as it was, in results of real programs; gc takes what nothing needs."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
from assay.doctor import Looked, examine, examine_results
from assay.finished import CERTIFICATE, is_finished
from assay.places import places

from workflow.conftest import STUDY, Project, clone

BY_DESIGN = {".claim", "error.log", "evaluate.log", "aggregate.log", "compare.log", "report.log"}
"""What is no part of a result: claims, and what a job says, also one that finds the result finished."""
STORE = Path("results")

Damage = Callable[[bytes], bytes | None]


def flipped(where: Callable[[bytes], int]) -> Damage:
    """One bit of one byte changed."""

    def damage(data: bytes) -> bytes:
        position = where(data)
        return data[:position] + bytes([data[position] ^ 1 << position % 8]) + data[position + 1 :]

    return damage


def in_padding(data: bytes) -> int:
    """A byte between two members of the archive that a checkpoint is; else one in the middle."""
    found = data.find(b"ZZZZ")
    return found + 1 if found >= 0 else len(data) // 2


chance = random.Random(0)
DAMAGES: dict[str, Damage] = {
    "first": flipped(lambda data: 0),
    "last": flipped(lambda data: len(data) - 1),
    "some": flipped(lambda data: chance.randrange(len(data))),
    "another": flipped(lambda data: chance.randrange(len(data))),
    "padding": flipped(in_padding),
    "truncated": lambda data: data[:-1],
    "deleted": lambda data: None,
}


@pytest.fixture(scope="module")
def hurt(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the finished study, as the current folder; every test leaves it as it found it."""
    project = clone(tmp_path_factory.mktemp("hurt") / "project", finished.root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        yield project


def named() -> Counter[Path]:
    return Counter(finding.path for finding in examine_results(STORE, Looked()))


def files_of_each() -> list[list[Path]]:
    """The files of every result with those of its address, whatever they are."""
    found = []
    for place in places(STORE):
        folder = place.folder(STORE)
        paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in BY_DESIGN]
        paths = [path for path in paths if not path.name.startswith(".snakemake")]  # its own mark in a folder
        if place.part in ("fixed", "seed-0"):
            paths.append(folder.parent / "recipe.yaml")
        found.append(sorted(paths, key=lambda path: path.name != "seal.json"))
    return found


def test_nothing_is_said_of_what_the_workflow_has_made(hurt: Project) -> None:
    assert [found for found in examine(STORE, Looked()) if found.path.is_relative_to(STORE)] == []
    kinds = {path.name for paths in files_of_each() for path in paths}
    assert {"best.pt", "inputs.npy", "predictions.csv", "seeds.svg", "report.html", "seal.json"} < kinds


@pytest.mark.parametrize("how", DAMAGES)
def test_every_damage_of_every_file_is_found(hurt: Project, how: str) -> None:
    """In each round one file of every result is hurt: exactly these are named."""
    for paths in zip_longest(*files_of_each()):
        before = {path: path.read_bytes() for path in paths if path is not None}
        for path, data in before.items():
            changed = DAMAGES[how](data)
            if changed is None:
                path.unlink()
            else:
                path.write_bytes(changed)
        found = named()
        for path, data in before.items():
            path.write_bytes(data)
        assert found == Counter(before.keys())
    assert named() == Counter()


def test_logs_are_no_part_of_a_result_and_a_false_certificate_is_said(hurt: Project) -> None:
    before = {path: path.read_bytes() for path in STORE.rglob("*") if path.name in BY_DESIGN}
    assert {path.name for path in before} == BY_DESIGN
    for path in before:
        path.write_bytes(b"another attempt\n")
    certificates = [folder / CERTIFICATE for folder in STORE.glob("train/*/seed-*")]
    for path in certificates:
        path.write_text("{}")
    found = named()
    for path in certificates:
        path.unlink()
    for path, data in before.items():
        path.write_bytes(data)
    assert certificates and found == Counter(certificates)


def assay(project: Project, *arguments: str) -> tuple[int, str]:
    outcome = project.python("-m", "assay.command.main", *arguments, PYTHONPATH=str(project.root / "scripts"))
    return outcome.code, outcome.text


def test_what_the_doctor_removes_is_made_again(project: Project) -> None:
    """Bit for bit; and nothing else is."""
    run = next(project.results.glob("train/*/seed-1"))
    weights = (run / "best.pt").read_bytes()
    (run / "best.pt").write_bytes(DAMAGES["padding"](weights) or b"")
    receipt = next(project.results.glob("evaluate/*/seed-0")) / "receipt.json"
    text = receipt.read_bytes()
    receipt.unlink()
    code, said = assay(project, "doctor")
    assert code == 1 and "best.pt: is damaged" in said and "2 findings" in said
    code, said = assay(project, "doctor", "--fix")
    assert code == 0 and "2 findings, 2 fixed" in said and receipt.read_bytes() == text
    command = f"snakemake --cores 1 {(run / 'receipt.json').relative_to(project.root)}"
    assert command in said
    outcome = project.snakemake(*command.split()[1:])
    assert outcome.jobs == Counter({"train": 1}), outcome.text
    assert (run / "best.pt").read_bytes() == weights
    assert assay(project, "doctor")[0] == 0


def test_a_variant_that_is_taken_away_is_garbage_and_nothing_else_is(project: Project) -> None:
    """Afterwards nothing that is needed is computed again, and all of the variant is if it comes back."""
    for study in (project.root / "config/studies").glob("*.yaml"):
        if study != project.study:
            study.unlink()
    project.edit("config/config.yaml", "study: digits", "study: small")
    code, said = assay(project, "gc")
    assert code == 0 and "nothing is garbage" in said
    project.edit("config/studies/small.yaml", "  focal:\n    loss: focal\n", "")
    table = Counter({"aggregate_study": 1, "compare": 1, "report": 1})
    assert project.snakemake("-n").jobs == table  # which also makes the views anew
    before = {place.folder(project.results) for place in places(project.results)}
    code, said = assay(project, "gc", "--delete", "--yes")
    gone = {folder for folder in before if not folder.exists()}
    assert code == 0 and "removed 8 results" in said and "small/focal" in said
    assert len(gone) == 8 and project.snakemake("-n").jobs == table
    project.study.write_text(STUDY)
    again = {"train": 2, "aggregate_variant": 1, **table}
    assert project.snakemake("-n").jobs == Counter(again)
    assert all(is_finished(folder) for folder in before - gone if (folder / "seal.json").exists())
    shutil.rmtree(project.results)
