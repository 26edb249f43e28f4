"""One run, computed in every way there is, has the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from workflow.conftest import Project, clone

from exact.kills import compare

STUDY = """\
base:
  model: {name: cnn, channels: [4], dropout: 0.3, batch_norm: true}
  training:
    epochs: 3
    accumulate: 2
    augmentations: [shift, noise]
    callbacks: [{name: early_stopping, patience: 2}]
    keep_every: 2
variants: {plain: {}}
seeds: [0]
"""
TRAIN = [sys.executable, "scripts/train.py", "--study", "small", "--seed", "0"]
Way = Callable[[Project, Path], None]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = clone(tmp_path_factory.mktemp("same") / "project")
    project.study.write_text(STUDY)
    return project


@pytest.fixture(scope="module")
def reference(project: Project) -> Path:
    """The run, by the script, on one core, alone, quiet."""
    out = project.root / "reference"
    script(project, out, "--quiet")
    assert json.loads((out / "receipt.json").read_text())["status"] == "finished"
    return out


def script(project: Project, out: Path, *arguments: str, first: str = "") -> None:
    prefix = ["taskset", "--cpu-list", "0"] if first == "one core" else []
    outcome = project.run([*prefix, *TRAIN, "--out", str(out), *arguments])
    assert outcome.code == 0, outcome.text


def by_script(*arguments: str) -> Way:
    return lambda project, out: script(project, out, *arguments)


def on_one_core(project: Project, out: Path) -> None:
    script(project, out, first="one core")


def after_another_seed(project: Project, out: Path) -> None:
    """In a process that has trained another seed, drawn numbers, and changed what torch prints."""
    program = f"""
import sys; sys.path.insert(0, "scripts")
from assay import numerics, single
from assay.configuration import configure
recipe = single.from_variant("small", "plain", configure())
numerics.set_environment(recipe.settings.numerics)
import torch
from pathlib import Path
from assay.training.run import run
prepared = single.prepared_data(recipe, 0, Path("results"), Path())
run(recipe, 1, lambda: prepared, Path("results/another"))
torch.manual_seed(5); torch.rand(77)
run(recipe, 0, lambda: prepared, Path({str(out)!r}))
"""
    outcome = project.python("-c", program)
    assert outcome.code == 0, outcome.text


def interrupted(project: Project, out: Path) -> None:
    """Asked to leave by each signal in turn, continued by the same command."""
    command = [*TRAIN, "--out", str(out)]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        process = subprocess.Popen(command, cwd=project.root, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        for line in process.stderr:
            if "batches a step" in line:
                break
        time.sleep(0.05)
        process.send_signal(number)
        told = process.stderr.read()
        assert process.wait() == 75, told
        assert f"{number.name}: saved in epoch" in told
        assert not (out / "receipt.json").exists() and not (out / "failure.json").exists()
    script(project, out, "--resume")


def interrupted_with_workers(project: Project, out: Path) -> None:
    """A signal to the whole process group, loader workers too, as a cluster sends it."""
    command = [*TRAIN, "--out", str(out), "--workers", "2"]
    process = subprocess.Popen(
        command, cwd=project.root, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "batches a step" in line:
            break
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGTERM)
    told = process.stderr.read()
    assert process.wait() == 75, told
    script(project, out, "--resume", "--workers", "1")


def by_snakemake(project: Project, out: Path) -> None:
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    run = project.results / "studies/small/plain/seed-0"
    out.symlink_to(run.resolve())


def by_python(project: Project, out: Path) -> None:
    """`train` of `assay.api` writes nothing: its history and weights are compared with the reference's."""
    program = """
import json, sys; sys.path.insert(0, "scripts")
from assay.api import train
model, history = train("reference/recipe.yaml", seed=0)
import torch
from assay.training import checkpoint
best = checkpoint.load("reference/best.pt")
assert all(torch.equal(value, best["model"][name]) for name, value in model.state_dict().items())
assert history == json.load(open("reference/history.json"))
"""
    outcome = project.python("-c", program)
    assert outcome.code == 0, outcome.text
    out.symlink_to(project.root / "reference")


WAYS: dict[str, Way] = {
    "on one core": on_one_core,
    "verbose": by_script(),
    "with one loader worker": by_script("--workers", "1"),
    "with two loader workers": by_script("--workers", "2"),
    "with every plot": by_script("--plots", "full"),
    "saved after every step": by_script("--resume-every", "0.0000001"),
    "after another seed in one process": after_another_seed,
    "interrupted by signals": interrupted,
    "interrupted with loader workers": interrupted_with_workers,
    "by Snakemake": by_snakemake,
    "from Python": by_python,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_run_has_the_same_bytes(way: str, project: Project, reference: Path) -> None:
    out = project.root / way.replace(" ", "-")
    WAYS[way](project, out)
    assert compare(reference, out) == []
