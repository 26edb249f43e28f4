"""Projects whose stores hold a sealed result of every job of their studies; nothing is computed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import chdir
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from assay import finished
from assay.command import main
from assay.doctor import Looked, examine
from assay.jobs import Job, jobs
from assay.plan import Plan, load_plan
from assay.recipe import Recipe, to_yaml
from assay.store import RECIPE, claim, seed_of, write_atomically
from assay.views import make_views

STORE = Path("results")
LOCK = Path("envs/requirements.lock")
PLAIN = {
    "base": {"model": {"name": "mlp", "widths": [4]}},
    "variants": {"plain": {}, "wide": {"model.widths": [9]}},
    "seeds": 2,
}
TAUGHT = {
    "base": {"model": {"name": "mlp", "widths": [4]}, "data.split.seed": "run", "evaluation.enabled": False},
    "variants": {
        "teacher": {"model.widths": [7]},
        "taught": {"task": {"name": "distillation", "teacher": "teacher"}, "loss": "distillation"},
    },
    "seeds": [3, 5],
    "comparisons": {"metric": "val_accuracy"},
}
VIEWED = {
    "aggregate/study": ("runs.csv", "summary.csv"),
    "compare": ("comparisons.csv",),
    "report": ("report.html", "report.md", "references.bib", "tables/runs.csv"),
}
"""Files that views link to."""
OLD = 1e9
"""A time long ago."""


def write_study(name: str, content: object) -> None:
    path = Path("config/studies") / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def fill(*names: str, views: bool = False) -> Plan:
    """Put a result at every place of these studies."""
    plan = load_plan({"study": list(names)})
    plan.write_recipes()
    for study in plan.studies:
        for job in jobs(study):
            seal(job.recipe, job.folder(plan.store))
            if job.recipe.stage == "prepare":
                log = plan.store / "logs/prepare" / job.recipe.address / f"{job.part}.log"
                write_atomically(log, "prepared\n")
            elif job.recipe.stage in ("train", "evaluate"):
                name = {"train": "error.log", "evaluate": "evaluate.log"}[job.recipe.stage]
                write_atomically(job.folder(plan.store) / name, "")
                log = f"logs/{job.recipe.stage}/{job.recipe.address}/{job.part}.log"
                write_atomically(plan.store / log, "")
    if views:
        make_views(plan)
    make_old(plan.store)
    return plan


def seal(recipe: Recipe, folder: Path) -> None:
    """A result as programs leave it: its files, seal, receipt, claim."""
    with claim(folder):
        write_atomically(folder / "metrics.json", f'"{recipe.stage} {recipe.address} {folder.name}"\n')
        write_atomically(folder / "figures/curve.png", bytes(range(256)))
        for name in VIEWED.get(recipe.stage, ()):
            write_atomically(folder / name, f"{name} of {recipe.address}\n")
        if recipe.stage == "train":
            write_atomically(folder / RECIPE, to_yaml(recipe))
        seed = {"seed": seed_of(folder)} if recipe.stage in ("train", "evaluate") else {}
        receipt = {
            "stage": recipe.stage,
            "address": recipe.address,
            "status": "finished",
            **seed,
            "digests": {},
        }
        finished.finish(folder, json.dumps(receipt, indent=1) + "\n")


def make_old(store: Path) -> None:
    for folder, _, files in os.walk(store):
        for name in files:
            os.utime(Path(folder, name), (OLD, OLD), follow_symlinks=False)


def contents(store: Path) -> dict[Path, bytes]:
    """Every file of a store but the claims, which say nothing once their process has ended."""
    found = (path for path in store.rglob("*") if path.is_file() and not path.is_symlink())
    return {path: path.read_bytes() for path in found if path.name != ".claim"}


def lay_out(folder: Path) -> Plan:
    """A healthy project with both studies, their results and views."""
    folder.mkdir()
    with chdir(folder):
        write_study("plain", PLAIN)
        write_study("taught", TAUGHT)
        Path("config/config.yaml").write_text("study: plain\n")
        LOCK.parent.mkdir()
        LOCK.write_text(f"PyYAML=={metadata.version('pyyaml')}\n")
        return fill("plain", "taught", views=True)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """A healthy project, laid out once for the tests of a file."""
    folder = tmp_path_factory.mktemp("healthy") / "project"
    return folder, lay_out(folder)


@pytest.fixture
def plan(origin: tuple[Path, Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A copy of a healthy project to be hurt, as the current folder."""
    shutil.copytree(origin[0], tmp_path / "project", symlinks=True)
    monkeypatch.chdir(tmp_path / "project")
    return origin[1]


def job(plan: Plan, stage: str) -> Job:
    """The first job of a stage, of the first study."""
    return next(job for job in jobs(plan.studies[0]) if job.recipe.stage == stage)


def named() -> set[Path]:
    """What the doctor finds something wrong with."""
    return {finding.path for finding in examine(STORE, Looked())}


def fixed() -> list[str]:
    """Fix what can be fixed; what cannot, as text."""
    found = (
        (finding, finding.fix is not None and finding.fix()) for finding in examine(STORE, Looked(), True)
    )
    return [str(finding) for finding, is_fixed in found if not is_fixed]


def with_studies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to a project with both studies and no result; no code changes there, it is read once."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("assay.plan.forget", lambda: None)
    write_study("plain", PLAIN)
    write_study("taught", TAUGHT)
    Path("config/config.yaml").write_text("study: plain\n")


def all_of(plan: Plan) -> set[Path]:
    return {job.folder(STORE) for study in plan.studies for job in jobs(study)}


def make_files_go(*names: str) -> None:
    """Take studies away; the configuration then names another one, of which there is no result."""
    for name in names:
        Path(f"config/studies/{name}.yaml").unlink()
    write_study("other", PLAIN | {"base": {"data.split.seed": 77}})
    Path("config/config.yaml").write_text("study: other\n")


def command(
    monkeypatch: pytest.MonkeyPatch, *arguments: str, answer: Callable[[str], str] | None = None
) -> None:
    """Run `assay gc`; at a terminal if there is an answer to its question."""
    monkeypatch.setattr(sys, "argv", ["assay", "gc", *arguments])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: answer is not None))
    monkeypatch.setattr("builtins.input", answer)
    main.main()
