"""A project of a user's for the tests of what jobs read, and jobs that do some work in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from assay import reads
from assay.errors import UserError


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
    """What a job is told that read what it may not."""
    with pytest.raises(UserError, match="the job used what its address does not stand for") as caught:
        check(work, *code)
    return str(caught.value)


def read(path: Path | str) -> None:
    """Read a file."""
    Path(path).read_bytes()


def fails(work: Callable[..., Any], *arguments: Any, **settings: Any) -> None:
    """Try what the operating system refuses."""
    with pytest.raises(OSError):
        work(*arguments, **settings)
