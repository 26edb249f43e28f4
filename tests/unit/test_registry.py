"""The registry shows what receipts prove, and counts as finished what everything else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import stores
from assay import finished, plan, registry, status, views
from assay.digest import file_digest
from assay.jobs import jobs
from assay.jsonfile import to_json
from assay.plan import Plan
from assay.recipe import _first_line, is_as_written
from assay.store import RECEIPT


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A store with two evaluated runs, of which the second has a better metric and the others have no files."""
    stores.with_studies(tmp_path, monkeypatch)
    made = stores.fill("plain", views=True)
    facts = {"best_epoch": 1, "monitor": "val_loss", "best_value": 0.5}
    for folder in folders(made, "train"):
        again(folder, {}, facts)
    for number, folder in enumerate(folders(made, "evaluate")):
        (folder / "metrics.json").unlink()
        again(folder, {"metrics.json": {"metrics": {"accuracy": number / 10}}} if number < 2 else {}, {})
    return made


def folders(made: Plan, stage: str) -> list[Path]:
    found = [job.folder(made.store) for job in jobs(made.studies[0]) if job.recipe.stage == stage]
    assert len(found) == 4
    return found


def again(folder: Path, files: dict[str, object], facts: dict[str, object]) -> None:
    """Finish a result once more, with these files and facts."""
    for name, content in files.items():
        (folder / name).write_text(to_json(content))
    receipt = finished.read_receipt(folder) | facts
    receipt["digests"] = {name: file_digest(folder / name) for name in files}
    finished.finish(folder, to_json(receipt))


def accuracies(made: Plan) -> list[float]:
    return [run.metrics["accuracy"] for run in registry.runs(made.store) if "accuracy" in run.metrics]


def test_the_best_run_is_the_one_that_was_measured_best(planned: Plan) -> None:
    found = list(registry.runs(planned.store))
    assert len(found) == 4 and all(run.metrics["val_loss"] == 0.5 for run in found)
    best = registry.best(found, "accuracy", "max")
    assert [run.metrics["accuracy"] for run in best] == [0.1, 0.0]


@pytest.mark.parametrize(
    ("files", "told"), [("train/*/seed-*/recipe.yaml", 0), ("evaluate/*/recipe.yaml", 4)]
)
def test_a_recipe_with_the_keys_of_another_version_does_no_harm(planned: Plan, files: str, told: int) -> None:
    """It is as that version wrote it; what it says under other names is left out."""
    for file in planned.store.glob(files):
        text = file.read_text().partition("\n")[2].replace("\nupstream:", "\nreads:")
        file.write_text(_first_line(text) + text)
        assert is_as_written(file.read_text())
    found = list(registry.runs(planned.store))
    assert len(found) == told
    assert not any("accuracy" in run.metrics for run in found)


@pytest.mark.parametrize("text", ['{"metrics": {"accuracy": 0.9}}\n', '{"metr', '"\xff', "[]", None])
def test_metrics_that_are_not_what_the_receipt_says_are_left_out(
    planned: Plan, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = folders(planned, "evaluate")[1] / "metrics.json"
    path.unlink()
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    assert accuracies(planned) == [0.0]
    assert f"left out: {path}: is {'damaged' if text else 'missing'}" in caplog.text


def test_a_run_whose_receipt_another_call_has_just_deleted_is_finished_everywhere(planned: Plan) -> None:
    """It is put back: nobody may plan, count or link without it meanwhile."""
    study, store = planned.studies[0], planned.store

    def told() -> list[object]:
        views.make_views(planned)
        made = study.variants[0]
        links = sorted(path for path in (store / "studies").rglob("*") if path.is_symlink())
        missing = plan._missing(made.measured, made.train, tuple(study.study.seeds), store)
        rows = [json.dumps(run.row(), default=str) for run in registry.runs(store)]
        return [links, missing, rows, list(status.run_statuses(study, store)), status.summary(planned)]

    before = told()
    assert before[1] == {} and "Report: " in str(before[-1])
    for path in store.rglob(RECEIPT):
        path.unlink()
    assert told() == before
