"""What a change makes Snakemake do again: what it affects, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from workflow.conftest import Project

STUDY = "config/studies/small.yaml"
NOTHING: dict[str, int] = {}
REPORT = {"report": 1}
COMPARE = {"compare": 1, **REPORT}
TABLE = {"aggregate_study": 1, **COMPARE}
ONE_VARIANT = {"train": 2, "aggregate_variant": 1, **TABLE}
ALL_EVALUATED = {"evaluate": 4, "aggregate_variant": 2, **TABLE}
ALL_TRAINED = {"train": 4, "aggregate_variant": 2, **TABLE}

CHANGES = {
    # name: (file, old text, new text, jobs that follow)
    "nothing": (STUDY, "seeds: 2", "seeds: 2", NOTHING),
    "a variant's learning rate": (
        STUDY, "loss: focal", "loss: focal\n    training.learning_rate: 0.01", ONE_VARIANT,
    ),
    "a comment in the model's file": (
        "scripts/assay/models/mlp.py", "super().__init__()", "super().__init__()  # first", NOTHING,
    ),
    "a docstring of the training loop": (
        "scripts/assay/training/loop.py", '"""Train a run from', '"""Train the run from', NOTHING,
    ),
    "a line of one loss": (
        "scripts/assay/losses/focal.py", "return losses.mean()", "return 1.0 * losses.mean()", ONE_VARIANT,
    ),
    "a line of the other loss": (
        "scripts/assay/losses/cross_entropy.py", "return functional", "return 1.0 * functional", ONE_VARIANT,
    ),
    "a loss that no variant uses": (
        "scripts/assay/optimizers/sgd.py", "momentum: float = 0.9", "momentum: float = 0.8", NOTHING,
    ),
    "a seed added": (STUDY, "seeds: 2", "seeds: 3", {"train": 2, "aggregate_variant": 2, **TABLE}),
    "a seed taken away": (STUDY, "seeds: 2", "seeds: 1", {"aggregate_variant": 2, **TABLE}),
    "the seeds in another order": (STUDY, "seeds: 2", "seeds: [1, 0]", NOTHING),
    "a number's spelling": (STUDY, "0.001", "1e-3", NOTHING),
    "keys reordered": (
        STUDY, "epochs: 2, learning_rate: 0.001", "learning_rate: 0.001, epochs: 2", NOTHING,
    ),
    "a default written out": (STUDY, "epochs: 2,", "epochs: 2, batch_size: 64,", NOTHING),
    "a variant renamed": (STUDY, "  focal:", "  other name:", TABLE),
    "a variant added": (STUDY, "seeds:", "  wide: {model.widths: [16]}\nseeds:", ONE_VARIANT),
    "a variant taken away": (STUDY, "  focal:\n    loss: focal\n", "", TABLE),
    "the question": (STUDY, "Which loss?", "Which of the two?", REPORT),
    "a statistical setting": (STUDY, "metric: accuracy", "metric: accuracy, alpha: 0.01", COMPARE),
    "an evaluation setting": (STUDY, "variants:", "  evaluation: {split: validation}\nvariants:", ALL_EVALUATED),
    "the split": (STUDY, "{source: digits}", "{source: digits, split: {seed: 1}}", {"prepare": 1, **ALL_TRAINED}),
    "the streams of random numbers": (
        "scripts/assay/streams.py", 'str, (seed, name, *position)', 'str, (name, seed, *position)',
        {"prepare": 1, **ALL_TRAINED},
    ),
    "a new optional setting": (
        "scripts/assay/settings/training.py", "    keep_every:", "    warmup: int = 0\n    keep_every:", NOTHING,
    ),
    "the log's words": ("scripts/assay/training/watch/log.py", "epochs of", "rounds of", NOTHING),
    "the page's code": ("scripts/assay/report/render.py", "from __future__", "X = 1\nfrom __future__", REPORT),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_plans_what_it_affects(project: Project, name: str) -> None:
    file, old, new, jobs = CHANGES[name]
    project.edit(file, old, new)
    outcome = project.snakemake("-n")
    assert outcome.code == 0, outcome.text
    assert outcome.jobs == Counter(jobs), outcome.text


def test_the_second_call_has_nothing_to_do(finished: Project) -> None:
    outcome = finished.snakemake()
    assert outcome.code == 0
    assert "Nothing to be done" in outcome.text


def test_a_store_that_moved_is_valid(project: Project, tmp_path: Path) -> None:
    shutil.move(project.results, tmp_path / "elsewhere")
    outcome = project.snakemake("-n", ASSAY_RESULTS=str(tmp_path / "elsewhere"))
    assert outcome.jobs == Counter(), outcome.text
    assert "Nothing to be done" in outcome.text


def test_a_store_whose_times_are_mixed_up_is_valid(project: Project) -> None:
    files = [path for path in project.results.rglob("*") if path.is_file() and not path.is_symlink()]
    for age, path in enumerate(sorted(files, key=lambda path: path.stat().st_mtime)):
        os.utime(path, (1e9 - age, 1e9 - age))  # what was made first is now the newest
    assert not (project.root / ".snakemake").exists()
    assert project.snakemake("-n").jobs == Counter()


def test_a_missing_report_needs_no_runs(project: Project) -> None:
    shutil.rmtree(project.results / "evaluate")
    shutil.rmtree(next(project.results.glob("report/*")))
    assert project.snakemake("-n").jobs == Counter(REPORT)
