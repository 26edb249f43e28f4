"""What a job reads: what its address does not stand for is refused by name, and nothing else is."""

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
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from assay import closure, modules, reads
from assay.errors import UserError

SCRIPTS = Path(closure.__file__).parents[1]


class Stand:
    """A recipe of which only the code is known."""

    stage, address = "train", "0123456789ab-01234567"

    def __init__(self, *code: str) -> None:
        self.code = dict.fromkeys(code, "")

    def code_now(self) -> dict[str, str]:
        return self.code


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a table, and a package `mine` that is imported from it."""
    folder = tmp_path / "project"
    for name, text in {
        "table.csv": "one,two\n1,2\n",
        "mine/__init__.py": "",
        "mine/model.py": "SIZE = 3\n",
        "mine/helper.py": "SIZE = 4\n",
        "mine/table.txt": "1 2\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    np.save(folder / "array.npy", np.zeros(3))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "mine"]:
        del sys.modules[name]


def check(work: Callable[[], Any], *code: str, allowed: tuple[Path, ...] = ()) -> None:
    """Do a job's work in this process, where no module counts that was imported before."""
    with reads.watched(allowed, imported=False):
        work()
        reads.require_declared(Stand(*code))  # type: ignore[arg-type]


def refused(work: Callable[[], Any], *code: str) -> str:
    with pytest.raises(UserError, match="the job used what its address does not stand for") as caught:
        check(work, *code)
    return str(caught.value)


def read(path: Path | str) -> None:
    Path(path).read_bytes()


# --- what is refused

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
    "try to create, then read": lambda path: (pytest.raises(FileExistsError, open, path, "x"), read(path)),
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


def test_a_compiled_module_is_known_by_its_source(project: Path) -> None:
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


# --- what is not


def test_what_the_address_stands_for_may_be_read(project: Path) -> None:
    def work() -> None:
        importlib.import_module("mine.model")
        importlib.import_module("mine." + "helper")
        read("mine/table.txt")

    check(work, "mine", "mine.model", "mine.helper", "mine.model/table.txt")
    assert "table.txt" in refused(lambda: read("mine/table.txt"), "mine.model")


def test_what_the_job_is_told_to_read_may_be_read(project: Path) -> None:
    (project / "results" / "train").mkdir(parents=True)
    (project / "results" / "train" / "best.pt").write_text("")
    check(lambda: read("results/train/best.pt"), allowed=(Path("results"),))
    check(lambda: read("table.csv"), allowed=(project / "table.csv",))
    (project.parent / "link").symlink_to(project / "results")
    check(lambda: read(project.parent / "link" / "train" / "best.pt"), allowed=(Path("results"),))


WRITTEN: dict[str, Callable[[], Any]] = {
    "written": lambda: Path("new.txt").write_text("1"),
    "written, then read": lambda: (Path("new.txt").write_text("1"), read("new.txt")),
    "replaced, then read": lambda: (Path("table.csv").write_text("1"), read("table.csv")),
    "created, then read": lambda: (open("new.txt", "x").close(), read("new.txt")),
    "appended": lambda: open("table.csv", "a").close(),
    "appended to nothing, then read": lambda: (open("new.txt", "a").close(), read("new.txt")),
    "put in place, then read": lambda: (Path(".part").write_text("1"), os.replace(".part", "new.txt"), read("new.txt")),
    "created and read at once": lambda: open("new.txt", "w+").close(),
    "a folder": lambda: os.listdir("mine"),
    "not there": lambda: Path("none.txt").exists() or pytest.raises(FileNotFoundError, read, "none.txt"),
    "looked at to decide a recipe": lambda: modules.parse_module(Path("mine/helper.py")),
    "of the system": lambda: read("/etc/passwd"),
    "of no file": lambda: read("/dev/null"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN)
def test_what_is_no_read_of_what_was_there(case: str, project: Path) -> None:
    check(WRITTEN[case])


def test_installed_packages_may_be_imported_and_their_data_read(project: Path) -> None:
    def work() -> None:
        from sklearn.datasets import load_iris

        assert load_iris().data.shape == (150, 4)
        for name in ("this", "tabnanny"):
            sys.modules.pop(name, None)
        importlib.import_module("tabnanny")

    check(work)


def test_what_is_declared_to_influence_nothing_may_be_read(project: Path) -> None:
    check(lambda: read(SCRIPTS / "assay/errors.py"))
    check(lambda: read(SCRIPTS / "assay/settings/training.py"))
    assert "loop.py" in refused(lambda: read(SCRIPTS / "assay/training/loop.py"))


def test_hidden_folders_are_caches_unless_modules_are_imported_from_them(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = project.parent / "home"
    monkeypatch.setenv("HOME", str(home))
    for path in (project / ".cache/a", home / ".cache/b", home / ".lib/hidden_module.py", home / "c"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    check(lambda: (read(".cache/a"), read(home / ".cache/b")))
    assert "home/c" in refused(lambda: read(home / "c"))
    monkeypatch.syspath_prepend(str(home / ".lib"))
    assert "hidden_module.py" in refused(lambda: importlib.import_module("hidden_module"))
    sys.modules.pop("hidden_module", None)


def test_a_library_s_own_folder_is_a_cache(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.parent / "cache").mkdir()
    (project.parent / "cache/fonts.json").write_text("")
    assert "fonts.json" in refused(lambda: read("../cache/fonts.json"))
    monkeypatch.setenv("MPLCONFIGDIR", str(project.parent / "cache"))
    check(lambda: read("../cache/fonts.json"))


def test_a_project_in_a_folder_of_the_system_is_a_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container: /opt/app, /usr/src/app; with its environment inside."""
    monkeypatch.setattr(reads, "_SYSTEM", (str(project.parent),))
    (project.parent / "of_the_system.txt").write_text("")
    check(lambda: read("../of_the_system.txt"))
    assert "table.csv" in refused(lambda: read("table.csv"))
    monkeypatch.setattr(sys, "prefix", str(project / "venv"))
    (project / "venv/share").mkdir(parents=True)
    (project / "venv/share/part.txt").write_text("")
    check(lambda: read("venv/share/part.txt"))


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


def test_nothing_is_watched_without_a_job(project: Path) -> None:
    read("table.csv")
    check(lambda: None)
    with pytest.raises(KeyError), reads.watched(imported=False):
        raise KeyError
    read("table.csv")
    reads.require_declared(Stand())  # type: ignore[arg-type]


def test_files_that_are_opened_meanwhile_do_no_harm(project: Path) -> None:
    over = threading.Event()

    def keep_reading() -> None:
        number = 0
        while not over.is_set():
            Path(f".cache-{number % 5000}").exists() or read("/dev/null")
            sys.audit("open", f"/dev/{number}", "r", 0)
            number += 1

    def work() -> None:
        threads = [threading.Thread(target=keep_reading) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(30):
                reads.require_declared(Stand())  # type: ignore[arg-type]
        finally:
            over.set()
            for thread in threads:
                thread.join()

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


def test_what_was_imported_before_the_job_counts(project: Path) -> None:
    """As in the programs, which import first; what Python itself imports of the user's is none of it."""
    site = project.parent / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import mine.model\n")
    (project / "program.py").write_text(CHILD)
    path = os.pathsep.join([str(site), str(project)])
    command = [sys.executable, "program.py", str(SCRIPTS)]
    for _ in range(2):  # the second time, all is compiled
        environment = {**os.environ, "PYTHONPATH": path}
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        assert "mine/helper.py" in said and "mine/model.py" in said
        assert "program.py" not in said and "sitecustomize" not in said and ".pyc" not in said
