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
    variants = [
        {"addresses": {"train": "any", "evaluate": run}, "best_epochs": {str(seed): 1 for seed in seeds}}
        for run in runs
    ]
    looks_planned = {"planned": changes["planned"]} if "planned" in changes else None
    for stage, name, content in (
        ("aggregate/study", "study.json", {"variants": variants}),
        (
            "compare",
            "comparisons.json",
            {"metric": changes.get("metric", "accuracy"), "looks": looks_planned},
        ),
    ):
        folder = store / stage / address
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(to_json(content))
        write_receipt(folder, stand_in(stage, address), file_digests(folder, [name]))
    settings = ReportSettings(study=changes.get("study", "one"), smoke=smoke)
    return Recipe("report", settings, {"compare": address, "aggregate/study": address})


def earlier(
    store: Path,
    *,
    seeds: int = 20,
    runs: tuple[str, ...] = ("a", "b"),
    planned: tuple[int, ...] | list[int] = (),
) -> list[int]:
    return looks.earlier(store, "one", "accuracy", runs, range(seeds), planned)


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


def test_looks_are_honest_if_they_were_declared_before(tmp_path: Path) -> None:
    looks.record(tmp_path, report(tmp_path, "1", list(range(5))))
    looks.record(tmp_path, report(tmp_path, "2", list(range(10)), planned=[10, 20]))
    assert earlier(tmp_path) == [5, 10]
    assert earlier(tmp_path, planned=[10, 20]) == [5], "what was declared after the first look"
    assert earlier(tmp_path, planned=[10, 30]) == [5, 10], "what was declared is not what is done"


def test_a_damaged_note_is_none(tmp_path: Path) -> None:
    looks.record(tmp_path, report(tmp_path, "1", [0, 1]))
    (note,) = (tmp_path / "looks/one").iterdir()
    for text in ("", "{}", "[]", '{"metric": "accuracy", "runs": 3, "seeds": [0]}'):
        note.write_text(text)
        assert earlier(tmp_path) == []
