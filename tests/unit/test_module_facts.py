"""What sources say is kept by their content: other processes do not parse them, and nothing else is taken from there."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from assay import closure, module_facts
from assay.syntax import source_digest

SCRIPTS = Path(closure.__file__).parents[1]
ENTRY = closure.ENTRIES["train"]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An index of the test's own, which is not there yet."""
    monkeypatch.setattr(module_facts, "_INDEX", tmp_path / "facts.json")
    monkeypatch.setattr(module_facts, "_new", [])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    begin_anew()
    yield tmp_path / "facts.json"
    begin_anew()


def begin_anew() -> None:
    """As in a new process."""
    module_facts._known.cache_clear()
    closure.forget()


def test_what_is_kept_is_not_parsed_again(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = closure.closure(ENTRY)
    begin_anew()
    before = index.stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(ast, "parse", None)
        assert closure.closure(ENTRY) == found
    assert index.stat().st_mtime_ns == before, "nothing is new"
    for name, digest in found.items():
        file = closure.file_of(name)
        assert file and ("/" in name or source_digest(file.read_bytes()) == digest)


def test_an_edit_is_seen_and_so_is_its_undoing(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_helper.py").write_text("SIZE = 1\n")
    module = tmp_path / "own_model.py"
    found = []
    for text in ("import own_helper\n", "SIZE = 2\n", "import own_helper  # again\n"):
        module.write_text(text)
        begin_anew()
        found.append(closure.closure(["own_model"]))
    assert found[0] == found[2] and list(found[0]) == ["own_helper", "own_model"]
    assert list(found[1]) == ["own_model"] and found[1]["own_model"] != found[0]["own_model"]


def test_a_source_under_another_name_imports_others(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for package in ("one", "two"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
        (tmp_path / package / "model.py").write_text("from . import helper\n")
        (tmp_path / package / "helper.py").write_text("")
    assert "one.helper" in closure.closure(["one.model"])
    begin_anew()
    assert list(closure.closure(["two.model"])) == ["two", "two.helper", "two.model"]


@pytest.mark.parametrize("damage", ["gone", "cut", "of another version", "of no kind"])
def test_an_index_that_cannot_be_used_is_made_again(index: Path, damage: str) -> None:
    found, text = closure.closure(ENTRY), index.read_text()
    wrong = {key: ["0" * 64, [], [], []] for key in json.loads(text)["facts"]}
    index.unlink()
    if damage == "cut":
        index.write_text(text[:1000])
    elif damage == "of another version":
        index.write_text(json.dumps({"version": "another", "facts": wrong}))
    elif damage == "of no kind":
        index.write_text("[]")
    begin_anew()
    assert closure.closure(ENTRY) == found
    assert index.read_text() == text


def test_nothing_is_kept_where_python_keeps_nothing(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert closure.closure(ENTRY)
    assert not index.exists()


def test_the_newest_are_kept(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_facts, "_MOST", 3)
    for number in range(5):
        (tmp_path / "own.py").write_text(f"SIZE = {number}\n")
        module_facts.facts(tmp_path / "own.py", "own")
        module_facts.save()
    kept = list(json.loads(index.read_text())["facts"])
    assert len(kept) == 3 and kept == list(module_facts._known())[-3:]


def test_where_one_may_not_write_it_is_worked_out_each_time(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(module_facts, "_INDEX", tmp_path / "file/facts.json")
    assert closure.closure(ENTRY)
