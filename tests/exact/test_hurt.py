"""What can go wrong in a run: one clear message, `failure.json`, `on_exception`, an exit code, no receipt."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from workflow.conftest import Project, clone

PARTS = '''
import torch
from torch import nn
from assay.callbacks import Callback
from assay.models.mlp import MLP


class Broken(Callback):
    """Fails in the second epoch."""

    def on_epoch_begin(self, run):
        if run.epoch == 2:
            raise RuntimeError("the callback's own words")


class Huge(MLP):
    """Needs more memory than there is, in its first forward pass."""

    def forward(self, inputs):
        return super().forward(inputs) + torch.empty(2**50, device=inputs.device).sum()


class Unpooled(MLP):
    """Uses an operation that has no deterministic implementation."""

    def forward(self, inputs):
        pooled, indices = nn.functional.max_pool2d(inputs, 2, return_indices=True)
        return super().forward(nn.functional.max_unpool2d(pooled, indices, 2))


class Infinite(nn.Module):
    """Is infinite from the third step on."""

    steps = 0

    def forward(self, logits, targets):
        self.steps += self.training
        return nn.functional.cross_entropy(logits, targets) / (0 if self.steps > 2 else 1)


class Undefined(Infinite):
    def forward(self, logits, targets):
        return super().forward(logits, targets) * 0
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone with the prepared digits and components that fail."""
    project = clone(tmp_path_factory.mktemp("hurt") / "project")
    (project.root / "own_parts.py").write_text(PARTS)
    assert train(project, project.root / "first", "training.epochs=1")[0] == 0
    return project


OFTEN = ("--resume-every", "1e-6")
"""Save the state after every step."""


def train(project: Project, out: Path, settings: str = "", *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "scripts/train.py", "--set", settings, "--out", str(out), *arguments]
    outcome = project.run(command)
    return outcome.code, outcome.text


def assert_failed(out: Path, text: str, message: str, traceback: bool = False) -> None:
    """It is said once, in the log, in `failure.json`, in the events; nothing looks finished."""
    assert message in text and ("Traceback" in text) == traceback, text
    failure = json.loads((out / "failure.json").read_text())
    assert message in failure["message"] and "Traceback" in failure["traceback"]
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "on_exception" and message in events[-1]["message"]
    assert not (out / "receipt.json").exists() and not list(out.glob(".*.part"))


@pytest.mark.parametrize(
    ("settings", "message", "traceback"),
    [
        ('training.callbacks=["own_parts:Broken"]', "the callback's own words", True),
        ('model="own_parts:Huge"', "not enough memory", False),
        (
            'model="own_parts:Unpooled"',
            "max_unpooling2d_forward_out has no deterministic implementation",
            False,
        ),
    ],
)
def test_a_run_that_fails(
    project: Project, tmp_path: Path, settings: str, message: str, traceback: bool
) -> None:
    code, text = train(project, tmp_path, settings)
    assert code == 1
    assert_failed(tmp_path, text, message, traceback)


def test_the_setting_that_allows_an_operation_does(project: Project, tmp_path: Path) -> None:
    settings = 'model="own_parts:Unpooled" numerics.deterministic=false training.epochs=1'
    assert train(project, tmp_path, settings)[0] == 0


@pytest.mark.parametrize("loss", ["Infinite", "Undefined"])
def test_a_loss_that_is_not_finite_is_a_result(project: Project, tmp_path: Path, loss: str) -> None:
    code, text = train(project, tmp_path, f'loss="own_parts:{loss}"')
    assert code == 0 and "diverged in epoch 1" in text
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert receipt["status"] == "diverged in epoch 1" and receipt["digests"].keys() == {
        "history.json",
        "trace.jsonl",
    }
    assert not (tmp_path / "failure.json").exists() and not (tmp_path / "resume.pt").exists()


def test_a_failed_run_goes_on_from_its_last_state(project: Project, tmp_path: Path) -> None:
    """What failed for a reason of the machine's is not trained again from the start."""
    settings = 'training.callbacks=["own_parts:Broken"] training.epochs=3'
    train(project, tmp_path, settings, *OFTEN)
    assert (tmp_path / "resume.pt").exists()
    code, text = train(project, tmp_path, settings, *OFTEN)
    assert code == 1 and re.search(r"continued in epoch [12] after \d+ steps", text)


@pytest.mark.parametrize("name", ["inputs.npy", "train.npy", "meta.json", "receipt.json"])
@pytest.mark.parametrize("how", ["missing", "flipped"])
def test_prepared_data_that_are_missing_or_damaged(
    project: Project, tmp_path: Path, name: str, how: str
) -> None:
    (source,) = (project.results / "prepare").glob("*/fixed")
    prepared, out = tmp_path / "prepared", tmp_path / "out"
    prepared.mkdir()
    for file in source.iterdir():
        (prepared / file.name).write_bytes(file.read_bytes())
    path = prepared / name
    if how == "missing":
        path.unlink()
        (prepared / "seal.json").unlink()  # which has the receipt once more
    else:
        data = bytearray(path.read_bytes())
        data[-9] ^= 1
        path.write_bytes(data)
    code, text = train(project, out, "", "--prepared", str(prepared))
    assert code == 1
    assert_failed(out, text, name if how == "flipped" or name != "receipt.json" else "no finished result")


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("this machine does not let the test mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_the_run_and_leaves_nothing_that_looks_finished(
    project: Project, tmp_path: Path
) -> None:
    with mounted(tmp_path / "small", "size=200k"):
        out = tmp_path / "small/run"
        code, text = train(project, out, "model.widths=[300]", *OFTEN)
        assert code == 1 and "No space left on device" in text and "resume.pt" in text
        assert "Traceback" not in text and "Logging error" not in text
        assert not (out / "receipt.json").exists() and not list(out.glob("*.pt"))
        assert not list(out.glob(".*.part"))


def test_a_read_only_results_folder_is_said(project: Project, tmp_path: Path) -> None:
    with mounted(tmp_path / "fixed", "size=200k,ro"):
        code, text = train(project, tmp_path / "fixed/run")
        assert code == 1 and "Read-only file system" in text and str(tmp_path / "fixed/run") in text
        assert "Traceback" not in text
        outcome = project.snakemake(ASSAY_RESULTS=str(tmp_path / "fixed"))
        assert outcome.code == 1 and "Read-only file system" in outcome.text
        assert "Traceback" not in outcome.text


def test_resuming_by_hand_needs_a_state_and_a_restart_forgets_it(project: Project, tmp_path: Path) -> None:
    code, text = train(project, tmp_path / "new", "", "--resume")
    assert code == 1 and "there is no state to resume from" in text
    settings = 'training.callbacks=["own_parts:Broken"]'
    train(project, tmp_path / "run", settings)
    code, text = train(project, tmp_path / "run", settings, "--restart")
    assert code == 1 and "continued" not in text and "epoch  1/20" in text
