"""A job that uses what its address does not stand for fails and says what; declared, it runs and is followed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workflow.conftest import Outcome, Project, clone

STUDY = """\
base:
  data: {source: {name: "mine.tables:table", path: table.csv}}
  model: "mine.nets:Net"
  training: {epochs: 1}
variants: {only: {}}
seeds: 1
"""
NETS = """\
import importlib
from pathlib import Path

from torch import nn


class Net(nn.Module):
    def __init__(self, shape, outputs):
        super().__init__()
        helper = importlib.import_module(".".join(["mine", "helper"]))
        size = int((Path(__file__).parent / "table.txt").read_text())
        self.layers = helper.layers(shape[0], size, outputs)

    def forward(self, inputs):
        return self.layers(inputs)
"""
HELPER = """\
from torch import nn


def layers(inputs, size, outputs):
    return nn.Sequential(nn.Linear(inputs, size), nn.Tanh(), nn.Linear(size, outputs))
"""
TABLES = """\
import numpy as np
from assay.data.samples import InputFile, Samples


def table(*, path: str) -> Samples:
    values = np.loadtxt(path, delimiter=",")
    return Samples(values[:, :2], values[:, 2].astype(int), ["no", "yes"])


def check(*, path: str) -> None:
    pass  # asked when a study is planned, and so by a run that is started by hand
"""
ADDRESS = """\
from assay.plan import load_plan
[variant] = load_plan({"study": "small"}).studies[0].variants
print(variant.train.address)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose model and data set are the user's; each test goes on where the one before it ended."""
    project = clone(tmp_path_factory.mktemp("undeclared") / "project")
    project.study.write_text(STUDY)
    (project.root / "mine").mkdir()
    files = {"nets.py": NETS, "helper.py": HELPER, "tables.py": TABLES, "table.txt": "5\n", "other.txt": ""}
    for name, text in files.items():
        (project.root / "mine" / name).write_text(text)
    rows = [f"{index % 7},{index % 5},{index % 2}" for index in range(60)]
    (project.root / "table.csv").write_text("\n".join(rows) + "\n")
    return project


def train(project: Project, seed: int = 0) -> Outcome:
    """Train one run, its data included, with modules compiled the second time."""
    arguments = ("--study", "small", "--seed", str(seed), "--out", f"run-{seed}")
    return project.python("scripts/train.py", *arguments, PYTHONDONTWRITEBYTECODE="")


def address(project: Project) -> str:
    return project.python("-c", ADDRESS, PYTHONPATH=str(project.root / "scripts")).text.strip()


def failure(folder: Path) -> str:
    assert not list(folder.glob("**/receipt.json"))
    return str(json.loads(next(folder.glob("**/failure.json")).read_text())["message"])


def test_a_data_set_that_reads_a_file_by_a_plain_text_prepares_nothing(project: Project) -> None:
    outcome = project.snakemake()
    assert outcome.code == 1 and outcome.jobs["prepare"] == 1 and outcome.jobs["train"] == 0
    for said in (outcome.text, failure(project.results / "prepare")):
        assert str(project.root / "table.csv") in said and "InputFile" in said
    project.edit("mine/tables.py", "path: str", "path: InputFile")


def test_a_model_that_reads_what_it_does_not_declare_has_no_result(project: Project) -> None:
    outcome = train(project)
    assert outcome.code == 1 and "Traceback" not in outcome.text
    for said in (outcome.text, failure(project.root / "run-0")):
        assert str(project.root / "mine/helper.py") in said and 'IMPORTS = ("package.module",)' in said
        assert str(project.root / "mine/table.txt") in said and 'DATA_FILES = ("name.txt",)' in said
        assert not any(name in said for name in ("tables.py", "nets.py", "table.csv", "other.txt"))


def test_what_it_declares_is_followed(project: Project) -> None:
    declared = 'from torch import nn\n\nIMPORTS = ("mine.helper",)\nDATA_FILES = ("table.txt",)\n'
    project.edit("mine/nets.py", "from torch import nn\n", declared)
    for seed in (0, 1):  # the second time, its modules are compiled
        outcome = train(project, seed)
        assert outcome.code == 0, outcome.text
        assert (project.root / f"run-{seed}/receipt.json").exists()
    assert list(project.root.glob("mine/__pycache__/helper.*.pyc"))
    first = address(project)
    project.edit("mine/helper.py", "nn.Tanh", "nn.ReLU")
    second = address(project)
    project.edit("mine/table.txt", "5", "6")
    third = address(project)
    project.edit("mine/other.txt", "", "1")
    assert len({first, second, third}) == 3 and address(project) == third
    assert first.split("-")[0] == third.split("-")[0]


def test_a_run_of_the_store_is_no_part_of_another_unless_its_recipe_says_so(project: Project) -> None:
    other = project.results / "train/0123456789ab-01234567/seed-0/best.pt"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"weights")
    project.edit(
        "mine/nets.py", "        size =", f"        Path({str(other)!r}).read_bytes()\n        size ="
    )
    outcome = train(project, 2)
    assert outcome.code == 1 and str(other) in failure(project.root / "run-2"), outcome.text
