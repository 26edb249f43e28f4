"""Earlier looks at a study, and what counts as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from assay import looks
from assay.jsonfile import to_json
from assay.receipt import file_digests, write_receipt
from assay.recipe import Recipe
from assay.settings.stages import ReportSettings
from small import stand_in


def report(store: Path, address: str, seeds: list[int], smoke: bool = False, **changes: Any) -> Recipe:
    """A report's recipe, and in the store what it was made from."""
    runs = changes.get("runs", ["a", "b"])
    variants = [{"name": run, "addresses": {"train": run}, "seeds": seeds} for run in runs]
    for stage, name, content in (
        ("aggregate/study", "study.json", {"variants": variants}),
        ("compare", "comparisons.json", {"metric": changes.get("metric", "accuracy")}),
    ):
        folder = store / stage / address
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(to_json(content))
        write_receipt(folder, stand_in(stage, address), file_digests(folder, [name]))
    settings = ReportSettings(study=changes.get("study", "one"), smoke=smoke)
    return Recipe("report", settings, {"compare": address, "aggregate/study": address})


def earlier(
    store: Path, *, seeds: int = 20, metric: str = "accuracy", runs: tuple[str, ...] = ("a", "b")
) -> list[int]:
    return looks.earlier(store, "one", metric, runs, range(seeds))


def test_a_report_on_fewer_of_the_seeds_is_an_earlier_look(tmp_path: Path) -> None:
    assert earlier(tmp_path) == []
    for address, number in (("1", 10), ("2", 5), ("3", 20)):
        looks.record(tmp_path, report(tmp_path, address, list(range(number))))
    assert earlier(tmp_path) == [5, 10]
    assert earlier(tmp_path, seeds=10) == [5], "the study with the seeds of then is the study of then"
    assert earlier(tmp_path, runs=("a", "b", "c")) == [5, 10], "another variant beside them"


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "loss"},
        {"study": "another"},
        {"runs": ["a", "x"]},
        {"smoke": True},
    ],
)
def test_what_is_no_look_at_these_comparisons(tmp_path: Path, changes: dict[str, Any]) -> None:
    looks.record(tmp_path, report(tmp_path, "1", [0, 1], **changes))
    assert earlier(tmp_path) == []


def test_seeds_that_were_replaced_are_no_look(tmp_path: Path) -> None:
    looks.record(tmp_path, report(tmp_path, "1", [100, 101]))
    assert earlier(tmp_path) == []


def test_a_damaged_note_is_none(tmp_path: Path) -> None:
    looks.record(tmp_path, report(tmp_path, "1", [0, 1]))
    (note,) = (tmp_path / "looks/one").iterdir()
    for text in ("", "{}", "[]", '{"metric": "accuracy", "runs": 3, "seeds": [0]}'):
        note.write_text(text)
        assert earlier(tmp_path) == []
