"""A cluster for each file of tests, and calls of Snakemake that send their jobs to it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from workflow.conftest import Outcome, Project, clone

from slurm.cluster import Cluster, missing, running, wait_until

PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that a process gets when its parent ends."""
IMPATIENT = Path(__file__).with_name("impatient.py")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Slurm with four nodes; skips where there can be none."""
    if reason := missing():
        pytest.skip(reason)
    with running() as made:
        yield made


@dataclass
class Call:
    """A call of Snakemake that is going on."""

    process: subprocess.Popen[bytes]
    said: Path

    def outcome(self, seconds: float = 300) -> Outcome:
        """Wait for its end."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"after {seconds:g} s still going on:\n{self.said.read_text()}") from None
        return Outcome(code, self.said.read_text())

    def kill(self) -> None:
        """End it with SIGKILL; its jobs go on."""
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait_until(self, true: Callable[[], object], what: str, seconds: float = 60) -> None:
        """Wait for something that comes true while it is going on."""

        def come_true() -> bool:
            assert self.process.poll() is None, f"ended before {what}:\n{self.said.read_text()}"
            return bool(true())

        wait_until(come_true, what, seconds)


@dataclass(frozen=True)
class Clone:
    """A fresh clone of the project; its calls send jobs to the cluster."""

    project: Project

    def start(self, *arguments: str, **environment: str) -> Call:
        """Call `snakemake --profile slurm`."""
        said = self.project.root / "said"
        command = [sys.executable, str(IMPATIENT), "--profile", "slurm", *arguments]
        with said.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=self.project.root,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_end_with_tests,
            )
        return Call(process, said)

    def call(self, *arguments: str, **environment: str) -> Outcome:
        """The same, to its end."""
        return self.start(*arguments, **environment).outcome()

    def runs(self, pattern: str) -> list[Path]:
        """Files below runs."""
        return sorted(self.project.results.glob(f"train/*/{pattern}"))


def _end_with_tests() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def fresh(target: Path, studies: dict[str, str]) -> Clone:
    """Lay out a clone with studies of its own, all of which it computes."""
    project = clone(target)
    (target / "slurm").symlink_to(Path("workflow/profiles/slurm"))
    for name, text in studies.items():
        (target / f"config/studies/{name}.yaml").write_text(text)
    project.edit("config/config.yaml", "study: digits", f"study: [{', '.join(studies)}]")
    return Clone(project)
