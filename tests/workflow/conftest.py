"""Real Snakemake on a small study: a finished one is made once, tests work on copies of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, Shared

from workflow import warm

STUDY = """\
question: Which loss?
base:
  data: {source: digits}
  model: {name: mlp, widths: [8], dropout: 0.1}
  training: {epochs: 2, learning_rate: 0.001}
variants:
  plain: {}
  focal:
    loss: focal
seeds: 2
comparisons: {baseline: plain, metric: accuracy}
"""
PARTS = ("Snakefile", "profiles", "workflow", "config", "scripts", "envs", "pyproject.toml")


@dataclass(frozen=True)
class Outcome:
    """What a call of Snakemake said."""

    code: int
    text: str

    @property
    def jobs(self) -> Counter[str]:
        """How many jobs of each rule were planned or run, `all` left out, however many runs they compute."""
        found = re.findall(
            r"^(?:local)?rule (\w+?)(?:_\d+_(?:seeds_from|of)_\w+)?:$", self.text, re.MULTILINE
        )
        return Counter(rule for rule in found if rule != "all")


@dataclass(frozen=True)
class Project:
    """A clone of the project with a small study of its own."""

    root: Path
    cores: int = 4

    @property
    def study(self) -> Path:
        return self.root / "config/studies/small.yaml"

    @property
    def results(self) -> Path:
        return self.root / "results"

    def snakemake(self, *arguments: str, **environment: str) -> Outcome:
        """Run Snakemake on the small study."""
        config = [] if "--config" in arguments else ["--config", "study=small"]
        command = ["--cores", str(self.cores), *arguments, *config]
        return Outcome(*warm.snakemake(self.root, command, {**os.environ, **environment}))

    def python(self, *arguments: str, **environment: str) -> Outcome:
        """Run a Python program of the project's."""
        return self.run([sys.executable, *arguments], **environment)

    def run(self, command: list[str], **environment: str) -> Outcome:
        """Run a command in the clone."""
        result = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return Outcome(result.returncode, result.stdout)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that the file must have."""
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))

    def files(self, pattern: str) -> dict[str, bytes]:
        """Content of the store's files that match, by their path in it."""
        found = sorted(path for path in self.results.glob(pattern) if path.is_file())
        return {str(path.relative_to(self.results)): path.read_bytes() for path in found}


def clone(target: Path, origin: Path = ROOT) -> Project:
    """Lay out the project in an empty folder, with a copy of its results if the origin has a small study."""
    for name in PARTS:
        source = origin / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("*.egg-info"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    project = Project(target)
    project.study.write_text(STUDY)
    if origin != ROOT:
        shutil.copytree(origin / "results", project.results, symlinks=True)
    return project


def _run_to_its_report(folder: Path) -> None:
    outcome = clone(folder).snakemake()
    assert outcome.code == 0, outcome.text


@pytest.fixture(scope="session")
def finished(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small study, run to its report. Read only: tests that change something clone it."""
    made = shared("finished", _run_to_its_report)
    return clone(tmp_path_factory.mktemp("finished") / "project", made)


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A fresh clone whose store is a copy of the finished one."""
    return clone(tmp_path / "clone", finished.root)
