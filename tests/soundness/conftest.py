"""A copy of the project with the study of these tests, whose store looks as if every result were there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from workflow.conftest import clone

from soundness import study
from soundness.plans import Planned, unchanging_code

HERE = Path(__file__).parent


@dataclass(frozen=True)
class World:
    """A project and a folder of the user's modules outside of it."""

    project: Path
    users: Path

    @property
    def roots(self) -> list[str]:
        """The folders whose modules are the project's or the user's."""
        return [str(self.project / "scripts"), str(self.users)]

    def ask(self, program: str, *arguments: str, given: Any = None, **environment: str) -> Any:
        """What a program of these tests prints (JSON) when it runs in the project."""
        file = HERE / program
        # one that runs jobs must be no file, for it would be one that the jobs have loaded
        start = ["-c", file.read_text()] if program == "record.py" else [str(file)]
        path = os.pathsep.join([str(self.users), str(self.project / "scripts"), str(HERE.parent)])
        done = subprocess.run(
            [sys.executable, *start, *arguments],
            cwd=self.project,
            env={
                **os.environ,
                "PYTHONPATH": path,
                "OMP_NUM_THREADS": "1",
                "PYTHONDONTWRITEBYTECODE": "",
                **environment,
            },
            input=json.dumps(given),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout)

    def planned(self, changes: Iterable[dict[str, str]]) -> list[Counter[str]]:
        """The jobs that Snakemake plans (`-n`) after each change: file → its text, in the project or not."""
        return [Counter(jobs) for jobs in self.ask("dry.py", "small", given=list(changes))]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Tests leave it as it is."""
    folder = tmp_path_factory.mktemp("world")
    world = World(clone(folder / "project").root, folder / "users")
    study.lay_out(world.project, world.users)
    world.ask("complete.py", "small")
    return world


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    """The study as it is, planned in this process, in a folder of its own; its store is treated as complete."""
    folder = tmp_path_factory.mktemp("planned")
    study.lay_out(folder / "project", folder / "users")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "project")
        patch.syspath_prepend(str(folder / "users"))
        with unchanging_code():
            yield Planned(study.STUDY)
