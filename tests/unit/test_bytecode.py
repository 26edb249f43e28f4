"""What is imported is what lies on disk, whatever its time says, and a job knows what it imported."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest
from assay import bytecode
from assay.modules import read_source

SOURCES = ("SIZE = 3\n", "SIZE = 9\n")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module whose bytecode is cached, replaced by another of the same size and time."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "swapped.py"
    path.write_text(SOURCES[0])
    os.utime(path, (1e9, 1e9))
    read_source(path)
    assert importlib.import_module("swapped").SIZE == 3
    monkeypatch.delitem(sys.modules, "swapped")
    path.write_text(SOURCES[1])
    os.utime(path, (1e9, 1e9))
    return path


def test_stale_bytecode_is_not_used(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(module.parent.glob("__pycache__/swapped.*.pyc")), "there is bytecode of the former source"
    assert importlib.import_module("swapped").SIZE == 9
    monkeypatch.delitem(sys.modules, "swapped")
    assert importlib.import_module("swapped").SIZE == 9, "and its own bytecode is used"


def test_an_edit_between_hashing_and_import_is_known(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not bytecode.is_other(str(module.resolve()))
    importlib.import_module("swapped")
    assert bytecode.is_other(str(module.resolve())), "hashed as it was, imported as it is"
    read_source(module)
    assert not bytecode.is_other(str(module.resolve()))
    monkeypatch.delitem(sys.modules, "swapped")
    module.write_text(SOURCES[0])
    importlib.import_module("swapped")
    module.write_text(SOURCES[1])
    assert bytecode.is_other(str(module.resolve())), "also where the edit was taken back"
