"""Several processes for one run: the numbers of one process, one writer, exact continuation, clear failures."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from assay.finished import damage
from workflow.conftest import Project, clone

STUDY = """\
base:
  model: {name: cnn, channels: [4]}
  training: {epochs: 3, batch_size: 50, learning_rate: 0.01, clip_norm: 1.0, processes: PROCESSES}
variants: {plain: {}}
seeds: [0]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("processes") / "project")


def train(project: Project, processes: int, name: str, *arguments: str) -> tuple[int, str]:
    project.study.write_text(STUDY.replace("PROCESSES", str(processes)))
    command = [sys.executable, "scripts/train.py", "--study", "small", "--out", name, *arguments]
    outcome = project.run(command)
    return outcome.code, outcome.text


@pytest.fixture(scope="module")
def two(project: Project) -> Path:
    code, text = train(project, 2, "two")
    assert code == 0, text
    return project.root / "two"


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "history.json").read_text())["history"]
    return found


def test_two_processes_compute_what_one_does(project: Project, two: Path) -> None:
    """1,167 samples in batches of 50: the last has 17, shared as 9 and 8."""
    code, text = train(project, 1, "one")
    assert code == 0, text
    for own, expected in zip(rows(two), rows(project.root / "one"), strict=True):
        assert own.keys() == expected.keys()
        for name in ("train_loss", "val_loss", "gradient_norm", "train_accuracy"):
            assert own[name] == pytest.approx(expected[name], rel=1e-3), name
        assert own["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-5)


def test_it_says_the_effective_batch_and_one_process_writes(two: Path) -> None:
    log = (two / "train.log").read_text()
    assert log.count("effective batch 50: 2 processes with 25 each") == 1
    assert log.count("epoch 1/3") == 1
    events = [json.loads(line)["event"] for line in (two / "events.jsonl").read_text().splitlines()]
    assert events == ["on_start", *["on_epoch_end"] * 3, "on_train_end"]
    assert list(damage(two)) == []  # no process of the run wrote after it was sealed


def test_the_same_processes_give_the_same_bytes_interrupted_or_not(project: Project, two: Path) -> None:
    command = [sys.executable, "scripts/train.py", "--study", "small", "--out", "again"]
    project.study.write_text(STUDY.replace("PROCESSES", "2"))
    process = subprocess.Popen(command, cwd=project.root, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "effective batch" in line:
            break
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    told = process.stderr.read()
    assert process.wait() == 75, told
    code, text = train(project, 2, "again", "--resume")
    assert code == 0 and "continued in epoch" in text, text
    for name in ("receipt.json", "history.json", "trace.jsonl", "best.pt", "last.pt"):
        assert (project.root / "again" / name).read_bytes() == (two / name).read_bytes(), name


def test_a_process_that_fails_ends_the_run_with_its_traceback(project: Project) -> None:
    (project.root / "own_parts.py").write_text(
        "from assay.callbacks import Callback\n\n\n"
        "class Broken(Callback):\n"
        "    def on_epoch_begin(self, run):\n"
        "        if run.epoch == 2 and run.ranks.rank == 1:\n"
        "            raise RuntimeError('only here')\n"
    )
    began = time.monotonic()
    code, text = train(project, 2, "broken", "--set", 'training.callbacks=["own_parts:Broken"]')
    assert code == 1 and "process 1 of the run failed" in text and "RuntimeError: only here" in text
    assert not (project.root / "broken/receipt.json").exists()
    assert time.monotonic() - began < 120


LEFT = """
import os, sys, time
sys.path.insert(0, "scripts")
from assay.training.processes import together

def work(ranks, device):
    if ranks.rank == 0:
        raise KeyboardInterrupt
    time.sleep(30)

try:
    together(2, "cpu", work)
except KeyboardInterrupt:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("none is left")
"""


def test_who_is_ended_at_once_leaves_no_process_that_goes_on(project: Project) -> None:
    """By a second Ctrl-C; the others would write to a log that the next call seals."""
    assert project.python("-c", LEFT).text.splitlines()[-1:] == ["none is left"]


def test_a_part_whose_last_batch_not_every_process_shares(project: Project) -> None:
    """1,025 validation samples are a batch of 1,024 and one of 1."""
    split = "data.split.validation=0.5704 data.split.test=0.1 data.split.stratify=false training.epochs=1"
    code, text = train(project, 2, "odd", "--set", split)
    assert code == 0 and " 1025 validation" in text, text


def test_more_processes_than_samples_of_a_batch_are_refused(project: Project) -> None:
    code, text = train(project, 51, "many")
    assert code == 1 and "processes: a batch of 50 cannot be shared by so many" in text
