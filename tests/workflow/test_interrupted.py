"""A call of Snakemake that is ended in the middle: the next one continues its runs to the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow.conftest import Project

STUDY = """\
base:
  model: {name: mlp, widths: [64], dropout: 0.2}
  training: {epochs: 150}
variants: {plain: {}}
seeds: 1
comparisons: {metric: accuracy}
"""


@pytest.mark.parametrize("number", [signal.SIGKILL])
def test_an_interrupted_call_is_continued(project: Project, number: signal.Signals) -> None:
    """The end of every process of the call at once, as when a machine goes down."""
    project.study.write_text(STUDY)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--config", "study=small"]
    call = subprocess.Popen(command, cwd=project.root, start_new_session=True, stderr=subprocess.DEVNULL)
    run = _wait_for_state(project)
    os.killpg(call.pid, number)
    assert call.wait() != 0
    assert not (run / "receipt.json").exists() and not (run / "failure.json").exists()
    status = project.python("-m", "assay.command.main", "status", "small", PYTHONPATH="scripts")
    assert "1 interrupted" in status.text and "the next call continues it" in status.text, status.text
    project.snakemake("--unlock")
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    assert "continued in epoch" in (run / "train.log").read_text()
    assert not list(run.glob("resume*")) and not list(run.glob(".*.part"))
    alone = project.python("scripts/train.py", "--recipe", str(run / "recipe.yaml"), "--out", "alone")
    assert alone.code == 0 and "continued" not in alone.text
    for name in ("receipt.json", "history.json", "trace.jsonl", "best.pt", "last.pt"):
        assert (project.root / "alone" / name).read_bytes() == (run / name).read_bytes(), name


def _wait_for_state(project: Project) -> Path:
    """The folder of the first run that has saved its state."""
    for _ in range(1200):
        found = list(project.results.glob("train/*/*/resume.pt"))
        if found:
            return found[0].parent
        time.sleep(0.05)
    raise AssertionError("no run saved its state")
