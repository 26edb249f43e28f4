"""Finished results: what counts as one, what damages one, and who is working on one."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest
from assay import finished
from assay.store import CLAIM, RECEIPT, claim, held, is_claimed

CONTENT = {"stage": "train", "address": "0-1", "status": "finished", "digests": {}}


@pytest.fixture
def result(tmp_path: Path) -> Path:
    folder = tmp_path / "seed-0"
    folder.mkdir()
    (folder / "best.pt").write_bytes(b"weights")
    finished.finish(folder, json.dumps(CONTENT, indent=1) + "\n")
    return folder


def test_what_is_sealed_survives_a_power_cut_before_the_seal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, then the names of all of them, then the seal, then the receipt, then their names."""
    folder = tmp_path / "0-1/seed-0"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures/loss.png").write_bytes(b"dots")
    happened: list[tuple[str, str]] = []
    sync, replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        happened.append(("sync", os.readlink(f"/proc/self/fd/{descriptor}")))
        sync(descriptor)

    def put(source: Path, target: Path) -> None:
        happened.append(("put", str(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", put)
    finished.finish(folder, json.dumps(CONTENT, indent=1) + "\n")
    sealed = happened.index(("put", str(folder / finished.SEAL)))
    for part in (folder.parent, folder, folder / "figures"):
        assert ("sync", str(part)) in happened[:sealed]
    assert happened[-2:] == [("put", str(folder / RECEIPT)), ("sync", str(folder))]


def test_a_file_beside_a_result_is_no_damage(result: Path) -> None:
    """Somebody's notes cost no run its result."""
    (result / "notes.txt").write_text("looks good")
    (result / RECEIPT).unlink()
    assert finished.find(result) == CONTENT
    assert (result / finished.SEAL).exists() and (result / RECEIPT).exists()


def test_a_kill_while_the_receipt_was_written_leaves_nothing(result: Path) -> None:
    (result / RECEIPT).rename(result / f".{RECEIPT}.host-1-1.part")
    assert finished.find(result) == CONTENT
    assert {path.name for path in result.iterdir()} == {"best.pt", finished.SEAL, RECEIPT}


def test_a_file_that_is_not_as_it_was_is_damage(result: Path) -> None:
    (result / "best.pt").write_bytes(b"weighty")
    (result / RECEIPT).unlink()
    assert finished.find(result) is None
    assert not finished.is_finished(result)


def test_two_who_look_whether_a_result_is_claimed_do_not_see_each_other(tmp_path: Path) -> None:
    with claim(tmp_path):
        assert is_claimed(tmp_path)
    with (tmp_path / CLAIM).open() as onlooker:  # which does what `is_claimed` does
        fcntl.flock(onlooker, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert not is_claimed(tmp_path)


def test_a_claim_in_a_store_that_one_may_only_read_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def reading(path: Path, mode: str = "r", *arguments: object) -> object:
        if set(mode) & {"w", "a", "+"}:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, mode)

    with claim(tmp_path):
        monkeypatch.setattr(Path, "open", reading)
        assert is_claimed(tmp_path)
    assert not is_claimed(tmp_path)


def test_who_only_looks_is_not_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An onlooker has the lock for a moment: who claims tries once more."""
    with claim(tmp_path):
        pass
    onlooker = (tmp_path / CLAIM).open()
    fcntl.flock(onlooker, fcntl.LOCK_SH)
    monkeypatch.setattr("assay.store.time.sleep", lambda seconds: onlooker.close())
    with held(tmp_path) as is_held:
        assert is_held
    with claim(tmp_path), held(tmp_path) as is_held:
        assert not is_held
