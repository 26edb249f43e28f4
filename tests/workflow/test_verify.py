"""A run computed again: a certificate of every digest, or the epoch, the step and the tensors where it parts."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from workflow.conftest import Outcome, Project

NOISY = """\
import os

import torch
from torch import nn


class Net(nn.Module):
    '''Draws from the system's noise in its 25th batch of training: no seed reaches it.'''

    def __init__(self, input_shape, outputs):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 16))
        self.head = nn.Linear(16, outputs)
        self.batches = 0

    def forward(self, inputs):
        features = self.body(inputs)
        if self.training:
            self.batches += 1
            if self.batches == 25:
                features = features + int.from_bytes(os.urandom(2), "big") / 2**16
        return self.head(features)
"""


def verify(project: Project, *arguments: str) -> Outcome:
    return project.python("-m", "assay.command.main", "verify", *arguments, PYTHONPATH="scripts")


def certificate(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "certificate.json").read_text()))


def run_of(project: Project, view: str) -> Path:
    return (project.results / "studies/small" / view).resolve()


def test_an_equal_study_is_certified_and_its_store_left_alone(project: Project) -> None:
    before = project.files("**/*")
    outcome = verify(project, "small", "--seeds", "1", "--jobs", "2")
    assert outcome.code == 0, outcome.text
    for name in ("plain", "focal"):
        assert f"small/{name}, seed 0: equal (2 epochs, 12 files)" in outcome.text
    assert "small, report: equal (" in outcome.text
    assert "small: 2 of 2 runs are equal; 5 of 5 tables, comparisons and reports" in outcome.text
    after = project.files("**/*")
    runs = [run_of(project, f"{name}/seed-0") for name in ("plain", "focal")]
    new = {str(run.relative_to(project.results) / "certificate.json") for run in runs}
    assert set(after) - set(before) == new
    assert all(after[name] == content for name, content in before.items())
    assert not list(project.root.glob(".results.*"))
    found = certificate(runs[0])
    receipts = {
        str(path.parent.relative_to(project.results)): json.loads(path.read_text())["digests"]
        for path in project.results.glob("*/*/*/receipt.json")
        if path.parent.name in ("fixed", "seed-0")
    }
    address, lines = runs[0].parent.name, (runs[0] / "trace.jsonl").read_bytes().splitlines(keepends=True)
    assert (found["address"], found["seed"], found["interrupted"]["times"]) == (address, 0, 0)
    assert found["epochs"] == [hashlib.sha256(line).hexdigest() for line in lines]
    compared = {os.path.dirname(name) for name in found["files"]}
    assert {folder.split("/")[0] for folder in compared} == {"prepare", "train", "evaluate"}
    assert found["files"] == {
        f"{folder}/{name}": digest for folder in compared for name, digest in receipts[folder].items()
    }
    original = json.loads((runs[0] / "environment.json").read_text())
    for key in ("versions", "cpu", "device", "portability"):
        assert found["original"][key] == found["recomputed"][key] == original[key]


def test_a_run_that_is_killed_and_continued_is_equal(project: Project) -> None:
    outcome = verify(project, "small/focal/seed-1", "--interrupt")
    assert outcome.code == 0 and "small/focal, seed 1: equal" in outcome.text, outcome.text
    found = certificate(run_of(project, "focal/seed-1"))["interrupted"]
    assert found["times"] >= 1 and found["continued"]
    assert all(start["epoch"] in (1, 2) for start in found["continued"])


def test_noise_that_no_seed_reaches_is_found_in_its_step(project: Project) -> None:
    """19 batches an epoch: the 25th is the sixth of the second epoch."""
    (project.root / "noisy.py").write_text(NOISY)
    trained = project.python("scripts/train.py", "--set", "model=noisy:Net training.epochs=3", "--seed", "4")
    assert trained.code == 0, trained.text
    [run] = project.results.glob("train/*/seed-4")
    outcome = verify(project, f"{run.parent.name}/4")
    assert outcome.code == 1
    assert f"train {run.parent.name}: epoch 2, step 6: the loss or a metric of the batch" in outcome.text
    assert "4 tensors (model.body.1.weight, " in outcome.text
    assert "The environments are the same" in outcome.text
    assert not (run / "certificate.json").exists()


def test_changed_code_is_refused_by_name(project: Project) -> None:
    project.edit("scripts/assay/losses/focal.py", "return losses.mean()", "return 1.0 * losses.mean()")
    for target in ("small/focal/seed-0", "small"):
        outcome = verify(project, target)
        assert outcome.code == 1
        assert "small/focal, seed 0: the code on disk is not what it was computed with" in outcome.text
        assert "assay.losses.focal differs" in outcome.text
    assert not list(project.results.glob("train/*/*/certificate.json"))


def test_a_damaged_original_is_said_before_anything_is_computed(project: Project) -> None:
    path = run_of(project, "plain/seed-1") / "history.json"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    outcome = verify(project, "small")
    assert outcome.code == 1 and f"{path.name}: is damaged" in outcome.text
    assert "equal" not in outcome.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_a_call_that_is_ended(project: Project, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "assay.command.main", "verify", "small/plain/seed-0"]
    environment = {**os.environ, "PYTHONPATH": "scripts"}
    call = subprocess.Popen(command, cwd=project.root, env=environment, stderr=subprocess.DEVNULL)
    while not list(project.root.glob(".results.replay-*/*/*/*")):
        assert call.poll() is None
        time.sleep(0.02)
    [folder] = project.root.glob(".results.replay-*")
    call.send_signal(number)
    assert call.wait(timeout=60) == 130
    assert not folder.exists()
    started = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(folder).encode() in _read(path)]
    assert not started


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
