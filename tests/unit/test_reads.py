"""What a job reads that its address does not stand for is refused by name."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import io
import linecache
import mmap
import os
import runpy
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import reading
from assay import closure, reads
from assay.errors import UserError
from reading import Stand, check, fails, read, refused

SCRIPTS = Path(closure.__file__).parents[1]
project = reading.project


WAYS: dict[str, Callable[[Path], Any]] = {
    "open": lambda path: open(path).close(),
    "open of bytes": lambda path: open(os.fsencode(path), "rb").close(),
    "a relative path": lambda path: open(os.path.relpath(path)).close(),
    "os.open": lambda path: os.close(os.open(path, os.O_RDONLY)),
    "open_code": lambda path: io.open_code(str(path)).close(),
    "update": lambda path: open(path, "r+").close(),
    "append and read": lambda path: open(path, "a+").close(),
    "os.open to update": lambda path: os.close(os.open(path, os.O_RDWR | os.O_CREAT)),
    "append, then read": lambda path: (open(path, "a").close(), read(path)),
    "read, then replace": lambda path: (read(path), path.write_text("")),
    "try to create, then read": lambda path: (fails(path.touch, exist_ok=False), read(path)),
    "copy": lambda path: shutil.copy(path, "copied"),
    "through a link": lambda path: (os.symlink(path, "link"), read("link")),
    "linecache": lambda path: linecache.updatecache(str(path)),
    "mmap": lambda path: mmap.mmap(os.open(path, os.O_RDONLY), 0, access=mmap.ACCESS_READ),
    "numpy": lambda path: np.loadtxt(path, dtype=str),
    "numpy, mapped": lambda path: np.memmap(path, mode="r"),
    "pandas": lambda path: pd.read_csv(path),
    "sqlite": lambda path: sqlite3.connect(path).close(),
    "in a thread": lambda path: run_in_thread(lambda: read(path)),
}


def run_in_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.parametrize("way", WAYS)
def test_a_file_of_the_project_is_refused_however_it_is_read(way: str, project: Path) -> None:
    said = refused(lambda: WAYS[way](project / "table.csv"))
    assert str(project / ("link" if way == "through a link" else "table.csv")) in said
    assert "DATA_FILES" in said and "InputFile" in said and "IMPORTS" not in said


def test_a_user_s_file_elsewhere_is_refused(project: Path) -> None:
    (project.parent / "elsewhere.csv").write_text("1")
    assert "elsewhere.csv" in refused(lambda: read("../elsewhere.csv"))


def test_a_module_by_a_computed_name_is_refused(project: Path) -> None:
    said = refused(lambda: importlib.import_module("mine." + "helper"), "mine", "mine.model")
    assert str(project / "mine/helper.py") in said and 'IMPORTS = ("package.module",)' in said
    assert "model.py" not in said and "DATA_FILES" not in said


def test_a_compiled_module_is_known_by_its_source(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    importlib.import_module("mine.helper")
    assert list(project.glob("mine/__pycache__/helper.*.pyc"))
    del sys.modules["mine.helper"]
    said = refused(lambda: importlib.import_module("mine.helper"), "mine")
    assert str(project / "mine/helper.py") in said and ".pyc" not in said


def test_a_program_that_is_run_by_its_path_is_refused(project: Path) -> None:
    assert "helper.py" in refused(lambda: runpy.run_path("mine/helper.py"), "mine")
    assert "helper.py" in refused(lambda: exec(Path("mine/helper.py").read_text()), "mine")


def test_a_module_found_through_a_changed_path_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.parent / "lib").mkdir()
    (project.parent / "lib" / "far_helper.py").write_text("")

    def work() -> None:
        monkeypatch.syspath_prepend(str(project.parent / "lib"))
        importlib.import_module("far_helper")

    assert "far_helper.py" in refused(work)


@pytest.mark.parametrize("way", ["import", "ctypes"])
def test_a_compiled_library_of_the_user_s_is_refused(way: str, project: Path) -> None:
    names = ("_bisect", "_heapq", "_struct", "math", "_json", "zlib")
    origins = [spec.origin for spec in map(importlib.util.find_spec, names) if spec and spec.origin]
    library = next((path for path in origins if path.endswith(tuple(EXTENSION_SUFFIXES))), None)
    if library is None:
        pytest.skip("this Python has no module in a file of its own")
    copied = shutil.copy(library, project)
    name = Path(library).name.split(".")[0]
    spec = importlib.util.spec_from_file_location(name, copied, loader=ExtensionFileLoader(name, copied))
    assert spec is not None
    work = (
        (lambda: importlib.util.module_from_spec(spec)) if way == "import" else (lambda: ctypes.CDLL(copied))
    )
    assert copied in refused(work)


def test_all_that_is_wrong_is_named_at_once_modules_first(project: Path) -> None:
    said = refused(lambda: (read("table.csv"), importlib.import_module("mine.helper")), "mine")
    assert said.index("mine/helper.py") < said.index("table.csv")
    assert said.startswith("train 0123456789ab-01234567: ") and "IMPORTS" in said and "DATA_FILES" in said


# --- when it counts


def test_a_job_within_a_job_answers_for_itself(project: Path) -> None:
    stand = Stand()

    def work() -> None:
        with reads.watched([project / "table.csv"], imported=False):
            read("table.csv")
            reads.require_declared(stand)  # type: ignore[arg-type]
        reads.require_declared(stand)  # type: ignore[arg-type]

    check(work)
    assert "table.txt" in refused(lambda: (read("mine/table.txt"), work()))


def test_a_file_that_comes_later_is_looked_at_again(project: Path) -> None:
    def work() -> None:
        with pytest.raises(FileNotFoundError):
            read("later.csv")
        reads.require_declared(Stand())  # type: ignore[arg-type]
        subprocess.run(["touch", "later.csv"], check=True)
        read("later.csv")

    assert "later.csv" in refused(work)


def test_nothing_is_watched_without_a_job(project: Path) -> None:
    read("table.csv")
    check(lambda: None)
    with pytest.raises(KeyError), reads.watched(imported=False):
        raise KeyError
    read("table.csv")
    reads.require_declared(Stand())  # type: ignore[arg-type]


def test_files_that_are_opened_meanwhile_do_no_harm(project: Path) -> None:
    def keep_reading() -> None:
        for number in range(20_000):
            sys.audit("open", f"/dev/{number}", "r", 0)

    def work() -> None:
        thread = threading.Thread(target=keep_reading)
        thread.start()
        while thread.is_alive():
            reads.require_declared(Stand())  # type: ignore[arg-type]

    check(work)


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import mine.helper
from assay import reads

class Stand:
    stage, address = "train", "a"
    def code_now(self):
        return {"mine": ""}

with reads.watched():
    try:
        reads.require_declared(Stand())
    except Exception as error:
        print(error)
"""


def test_looking_ahead_leaves_to_a_job_what_is_not_the_environment_s(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "_installed", set())
    importlib.import_module("mine.helper")
    reads.look_ahead([Stand()])  # type: ignore[list-item]
    assert {"numpy", "pytest", "os"} <= reads._installed
    assert not any(name.split(".")[0] in ("mine", "assay") for name in reads._installed)
    with reads.watched(), pytest.raises(UserError, match=r"mine/helper\.py"):
        reads.require_declared(Stand())  # type: ignore[arg-type]


def test_what_was_imported_before_the_job_counts(project: Path) -> None:
    """As in the programs, which import first; what Python itself imports of the user's is none of it."""
    site = project.parent / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import mine.model\n")
    (project / "program.py").write_text(CHILD)
    path = os.pathsep.join([str(site), str(project)])
    command = [sys.executable, "program.py", str(SCRIPTS)]
    for _ in range(2):  # the second time, all is compiled
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": ""}
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        assert "mine/helper.py" in said and "mine/model.py" in said
        assert list(project.glob("mine/__pycache__/helper.*.pyc"))
        assert "program.py" not in said and "sitecustomize" not in said and ".pyc" not in said
