"""What an import does to a store: new results in place, whole or not at all; what is there stays."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import archives
import pytest
from archives import ADDRESS, DATA, REPORT, RUN, state, taken
from assay.archive.contents import Contents
from assay.archive.manifest import Manifest
from assay.errors import UserError
from assay.finished import faults, is_finished, read_receipt


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return archives.contents_of(archives.store_of(tmp_path / "author"))


def test_what_is_new_is_put_in_place_and_what_is_there_stays(tmp_path: Path, contents: Contents) -> None:
    archive = archives.archive_of(tmp_path / "a.tar.gz", contents)
    there = archives.result(tmp_path / "store", DATA)
    times = {path: path.stat().st_mtime_ns for path in there.rglob("*")}
    assert [result.path for result in taken(archive, dry_run=True).new] == [RUN, REPORT]
    assert not (tmp_path / "store/train").exists()
    found = taken(archive)
    assert ([r.path for r in found.new], [r.path for r in found.there]) == ([RUN, REPORT], [DATA])
    assert {path: path.stat().st_mtime_ns for path in there.rglob("*") if path.name != ".claim"} == times
    for path in archives.RESULTS:
        assert list(faults(tmp_path / "store" / path)) == []
    assert state(tmp_path / "store") == state(tmp_path / "author")
    assert taken(archive).new == []


def test_other_bits_at_the_same_address_are_news_and_nothing_is_imported(
    tmp_path: Path, contents: Contents
) -> None:
    archive = archives.archive_of(tmp_path / "a.tar.gz", contents)
    archives.result(tmp_path / "store", RUN, weights="other")
    before = state(tmp_path / "store")
    said = f"store/{RUN} and results/{RUN} in the archive: the same recipe gave other bits, in best.pt"
    with pytest.raises(UserError, match=said):
        taken(archive)
    assert state(tmp_path / "store") == before


def test_what_is_damaged_here_is_not_called_other_bits(tmp_path: Path, contents: Contents) -> None:
    archive = archives.archive_of(tmp_path / "a.tar.gz", contents)
    receipt = archives.result(tmp_path / "store", RUN) / "receipt.json"
    receipt.write_text(receipt.read_text().replace('"best.pt": "', '"best.pt": "0'))
    with pytest.raises(
        UserError, match=f"store/{RUN}.*is not the receipt that was sealed; `assay doctor --fix`"
    ):
        taken(archive)


def test_data_that_were_left_out_are_compared_too(tmp_path: Path, contents: Contents) -> None:
    for name in [name for name in contents.files if f"/{DATA}/" in name]:
        del contents.files[name]
    receipt = read_receipt(tmp_path / "author" / DATA)
    archive = archives.archive_of(tmp_path / "a.tar.gz", contents, left_out={DATA: receipt["digests"]})
    archives.result(tmp_path / "store", DATA)
    assert taken(archive, dry_run=True).new
    shutil.rmtree(tmp_path / "store")
    archives.result(tmp_path / "store", DATA, weights="other")
    with pytest.raises(
        UserError, match=f"store/{DATA} and results/{DATA} in the archive: the same recipe gave other bits"
    ):
        taken(archive)


def test_a_report_of_other_machines_stays_as_it_is(tmp_path: Path, contents: Contents) -> None:
    archive = archives.archive_of(tmp_path / "a.tar.gz", contents)
    report = archives.result(tmp_path / "store", REPORT, weights="another machine")
    found = taken(archive)
    assert len(found.other_reports) == 1 and REPORT in found.other_reports[0]
    assert (report / "best.pt").read_text() == "another machine"


def test_an_import_that_was_killed_leaves_nothing_that_looks_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at every single file that is put in place: what is finished is whole, and the next import ends it."""
    contents = archives.contents_of(archives.store_of(tmp_path / "author", RUN))
    archive = archives.archive_of(tmp_path / "a.tar.gz", contents)
    replace, moves = os.replace, 0
    for stop in range(1, 100):
        moves = 0

        def killed(source: Any, target: Any, stop: int = stop) -> None:
            nonlocal moves
            moves += 1
            if moves == stop:
                raise KeyboardInterrupt
            replace(source, target)

        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        attempt = tmp_path / "store" / RUN
        attempt.mkdir(parents=True)
        for name in ("resume.pt", "train.log", "failure.json"):
            (attempt / name).write_text("of an attempt")
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", killed)
            try:
                taken(archive)
            except KeyboardInterrupt:
                pass
            else:
                break
        if is_finished(attempt):
            assert set(faults(attempt)) <= {("receipt.json", "is missing")}, stop
        assert (attempt / "resume.pt").exists() or is_finished(attempt)
        taken(archive)
        assert state(tmp_path / "store") == state(tmp_path / "author")
    assert stop == moves + 1 == 7  # code, recipe, two files, seal, receipt
    assert not list(tmp_path.glob(".*"))


def test_a_store_on_several_disks_takes_results_too(
    tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def refuse(source: Any, target: Any) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        replace(source, target)

    archive = archives.archive_of(tmp_path / "a.tar.gz", contents)
    monkeypatch.setattr(os, "replace", refuse)
    taken(archive)
    assert state(tmp_path / "store") == state(tmp_path / "author")


def test_recipes_that_this_project_does_not_come_to_are_named(tmp_path: Path, contents: Contents) -> None:
    found = taken(archives.archive_of(tmp_path / "a.tar.gz", contents))
    assert set(found.unreached) == {f"{stage}/{ADDRESS}" for stage in ("prepare", "train", "report")}
    assert found.unreached[f"train/{ADDRESS}"].startswith("settings: must be")


def test_the_manifest_is_read_as_it_was_written(contents: Contents) -> None:
    manifest = archives.manifest_of(contents)
    assert Manifest.model_validate_json(manifest.text()) == manifest
