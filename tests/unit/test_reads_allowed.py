"""What a job may read: what its address stands for, what it made itself, and what is nobody's own."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import reading
from assay import closure, modules, reads
from reading import check, fails, read, refused

SCRIPTS = Path(closure.__file__).parents[1]
project = reading.project


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
    for folder, told in (
        (project.parent / "link", Path("results")),
        (Path("results"), project.parent / "link"),
    ):
        check(lambda: read(folder / "train" / "best.pt"), allowed=(told,))  # noqa: B023


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
    "not there": lambda: fails(read, "none.txt"),
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
    Path("../link.csv").symlink_to(project / "table.csv")
    assert "link.csv" in refused(lambda: read("../link.csv"))
    monkeypatch.setattr(sys, "prefix", str(project / "venv"))
    (project / "venv/share").mkdir(parents=True)
    (project / "venv/share/part.txt").write_text("")
    check(lambda: read("venv/share/part.txt"))
