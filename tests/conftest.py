"""What all tests share, and who runs which: the long files first, and all tests of a cluster on one worker."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# or each process that a test starts would compile the library anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parents[1]
FOLDERS = ("slurm", "soundness", "portability", "workflow", "exact", "page", "unit")
"""Of tests: those whose files take the longest come first, so that no worker is left alone with one at the end."""
Shared = Callable[[str, Callable[[Path], None]], Path]
"""A name, and how to make a folder of that name → the folder."""


def pytest_configure() -> None:
    """Hear Ctrl-C, as do the processes that tests start: what a shell puts into the background is deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the store or the seed of the person who runs it."""
    for name in list(os.environ):
        if name.startswith("ASSAY_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Makes a folder that every worker of this call of pytest reads, once for all of them."""
    own = tmp_path_factory.getbasetemp()
    base = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = base / f"shared-{name}", base / f"shared-{name}.done"
        with (base / f"shared-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # where another worker failed
                make(folder)
                done.touch()
        return folder

    return once


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file stay together, in their order."""
    items.sort(key=lambda item: FOLDERS.index(item.path.relative_to(ROOT / "tests").parts[0]))


class Scheduling(LoadScopeScheduling):
    """A worker has the tests of one file, or all of the cluster, of which there is one at a time."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "slurm" if "slurm" in Path(file).parts else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """What shares the tests among the workers."""
    return Scheduling(config, log)
