"""Every digest of every result counts: one that differs, in any stage, is named, and nothing is certified."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import small
from assay.digest import file_digest
from assay.errors import UserError
from assay.finished import CERTIFICATE, finish
from assay.jsonfile import to_json
from assay.recipe import Recipe
from assay.replay import certificate
from assay.replay.programs import Replay
from assay.replay.subjects import Result, Subject
from assay.replay.verification import verify
from assay.settings.config import MachineSettings

STAGES = {
    "prepare": ("fixed", ("inputs.npy", "meta.json")),
    "train": ("seed-3", ("best.pt", "history.json", "last.pt", "trace.jsonl")),
    "evaluate": ("seed-3", ("metrics.json", "predictions.csv")),
}
ROW = {"epoch": 1, "steps": "0" * 8, "tensors": {"a": "0"}, "optimizers": {}, "streams": "0"}
HISTORY = {"seed": 3, "history": [{"epoch": 1, "train_loss": 1.0}]}
ENVIRONMENT = {"versions": {"torch": "2.4.0"}, "device": "cpu", "cpu": {"model": "a"}, "git": {"commit": "c"}}


def content(name: str) -> str:
    return {"trace.jsonl": json.dumps(ROW) + "\n", "history.json": to_json(HISTORY)}.get(name, f"{name}\n")


class Copies(Replay):
    """Computes nothing: each result is a copy, one fact of which may be another."""

    def __init__(self, folder: Path, changed: tuple[str, str] | None, torch: str = "2.4.0") -> None:
        super().__init__(folder / "store", folder / "again", MachineSettings(), ())
        self.changed, self.torch = changed, torch

    def make(self, recipe: Recipe, part: str, file: Path | None = None, *extra: str) -> Path:
        out = self.out(recipe, part)
        shutil.copytree(self.store / recipe.stage / recipe.address / part, out)
        if recipe.stage == "train":
            versions = {"versions": {"torch": self.torch}}
            (out / "environment.json").write_text(to_json(ENVIRONMENT | versions))
        if self.changed and self.changed[0] == recipe.stage:
            name = self.changed[1]
            receipt = json.loads((out / "receipt.json").read_text())
            if name in receipt:
                receipt[name] = "another"
            elif name in receipt["digests"]:
                receipt["digests"][name] = "another"
            (out / "receipt.json").write_text(to_json(receipt))
            (out / "seal.json").unlink(missing_ok=True)  # a result that is whole, and another
        return out


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    results = []
    for stage, (part, names) in STAGES.items():
        recipe = small.stand_in(stage, f"{stage}-address")
        folder = tmp_path / "store" / stage / recipe.address / part
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text(content(name))
        if stage == "train":
            (folder / "environment.json").write_text(to_json(ENVIRONMENT))
        digests = {name: file_digest(folder / name) for name in names}
        receipt: dict[str, Any] = {
            "stage": stage,
            "address": recipe.address,
            "status": "finished",
            "digests": digests,
        }
        finish(folder, to_json(receipt | {"best_epoch": 1}))
        results.append(Result(recipe, part, folder))
    return Subject("digits/plain, seed 3", tuple(results))


def test_an_equal_run_is_certified_with_every_digest(subject: Subject, tmp_path: Path) -> None:
    outcome = verify(subject, Copies(tmp_path, None))
    assert outcome.text == "digits/plain, seed 3: equal (1 epoch, 8 files)"
    found = certificate.read(subject.results[1].folder)
    assert found is not None and found["files"] == {
        f"{stage}/{stage}-address/{part}/{name}": file_digest(result.folder / name)
        for result, (stage, (part, names)) in zip(subject.results, STAGES.items(), strict=True)
        for name in names
    }
    assert (found["address"], found["seed"]) == ("train-address", 3)
    assert found["original"] == found["recomputed"] == ENVIRONMENT


@pytest.mark.parametrize(
    ("stage", "name"),
    [(stage, name) for stage, (_, names) in STAGES.items() for name in (*names, "status", "best_epoch")],
)
def test_any_difference_is_named_and_nothing_is_certified(
    subject: Subject, tmp_path: Path, stage: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.replay.parting.difference", lambda before, again: "another")
    monkeypatch.setattr("assay.replay.parting._accumulated", lambda run: 1)
    outcome = verify(subject, Copies(tmp_path, (stage, name)))
    assert outcome.parting is not None
    assert outcome.parting.file == (name if "." in name else "receipt.json")
    assert outcome.text.startswith(f"digits/plain, seed 3: differs in {stage} {stage}-address: ")
    assert "best_epoch is 'another', not 1" in outcome.text or name != "best_epoch"
    assert not (subject.results[1].folder / CERTIFICATE).exists()


def test_environments_that_differ_are_said(subject: Subject, tmp_path: Path) -> None:
    outcome = verify(subject, Copies(tmp_path, ("train", "best_epoch"), torch="2.5.1"))
    assert outcome.text.endswith("The environments differ: torch 2.5.1, not 2.4.0")


def test_data_that_were_removed_are_computed_and_not_compared(subject: Subject, tmp_path: Path) -> None:
    """The digest of the data is a fact of the run's receipt."""
    replay = Copies(tmp_path, None)
    again = replay.out(subject.results[0].recipe, "fixed")
    shutil.copytree(subject.results[0].folder, tmp_path / "kept")
    shutil.rmtree(subject.results[0].folder)
    replay.make = lambda recipe, part, file=None, *extra: (  # type: ignore[method-assign]
        tmp_path / "kept" if recipe.stage == "prepare" else Copies.make(replay, recipe, part, file, *extra)
    )
    outcome = verify(subject, replay)
    assert outcome.text == "digits/plain, seed 3: equal (1 epoch, 6 files)" and not again.exists()


def test_a_certificate_that_was_changed_is_refused(subject: Subject, tmp_path: Path) -> None:
    verify(subject, Copies(tmp_path, None))
    path = subject.results[1].folder / CERTIFICATE
    assert certificate.read(path.parent) is not None
    text = path.read_text()
    path.write_text(text.replace('"seed": 3', '"seed": 4'))
    with pytest.raises(UserError, match="is damaged"):
        certificate.read(path.parent)
    path.write_text(text.replace("\n", "\r\n", 1))
    with pytest.raises(UserError, match="is damaged"):
        certificate.read(path.parent)
    path.unlink()
    assert certificate.read(path.parent) is None
