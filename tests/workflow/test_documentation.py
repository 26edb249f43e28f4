"""Every command and every program in the documentation, run as it stands there, on small studies."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from workflow.conftest import STUDY, Outcome, Project, clone

BY_CI = ("make run", "make test")
"""Commands that run this test: the continuous integration calls them."""
BY_SLURM = "cluster.md"
"""A document whose commands need a cluster: tests/slurm runs them."""


def blocks(file: str, language: str) -> list[str]:
    text = (ROOT / file).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    files = [
        "README.md",
        *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md") if path.name != BY_SLURM),
    ]
    shown = [block for file in files for block in blocks(file, "sh")]
    lines = [line.split(" #")[0].strip() for block in shown for line in block.splitlines()]
    return [line for line in dict.fromkeys(lines) if line and line not in BY_CI]


@pytest.fixture(scope="module")
def documented(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone in which the studies that the documentation names are small ones."""
    project = clone(tmp_path_factory.mktemp("documented") / "clone", finished.root)
    for name in ("digits", "breast_cancer"):
        (project.root / f"config/studies/{name}.yaml").write_text(STUDY)
    for name in ("autoencoders", "diabetes"):  # the first and the last variant, short and with one seed
        path = project.root / f"config/studies/{name}.yaml"
        content = yaml.safe_load(re.sub(r"\bepochs: \d+", "epochs: 1", path.read_text()))
        first, *_, last = content["variants"]
        content["variants"] = {name: content["variants"][name] for name in (first, last)}
        path.write_text(yaml.safe_dump(content | {"seeds": 1}, sort_keys=False))
    return project


def shell(project: Project, command: str) -> Outcome:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return project.run(
        ["bash", "-ec", command], PATH=path, PYTHONPATH="scripts"
    )  # `assay` is the clone's own


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_documentation_works(documented: Project, command: str) -> None:
    if command.startswith("diff again"):
        assert (documented.root / "again/receipt.json").exists(), "the command before it made no run"
    outcome = shell(documented, command)
    differs = command.startswith("assay diff ")  # two runs that are not the same, as of `diff`
    assert outcome.code == int(differs), outcome.text


def test_the_makefile_has_what_the_readme_says() -> None:
    made = (ROOT / "Makefile").read_text()
    used = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert used and all(f"\n{target}:" in made for target in used)


def test_the_readme_s_python_works(documented: Project) -> None:
    [program] = blocks("README.md", "python")
    outcome = documented.python("-c", f"{program}\nprint(history['status'])", PYTHONPATH="scripts")
    assert outcome.code == 0 and outcome.text.strip().endswith("finished"), outcome.text


def test_parts_of_one_s_own_work_as_shown(documented: Project) -> None:
    """A data set, task, model, loss, scheduler, callback and augmentation, without an edit elsewhere."""
    program, keras = blocks("config/README.md", "python")
    example, base = blocks("config/README.md", "yaml")
    (documented.root / "my_parts.py").write_text(program)
    own = documented.root / "config/studies/own.yaml"
    own.write_text(base + "variants:\n  first: {}\n  bias: {model.bias: true}\nseeds: 1\n")
    outcome = documented.snakemake("--config", "study=own")
    assert outcome.code == 0, outcome.text
    history = json.loads((documented.results / "studies/own/first/seed-0/history.json").read_text())
    rates = [row["learning_rate"] for row in history["history"]]
    assert rates[:4] == [0.1, 0.1, 0.1, 0.05]
    recipe = (documented.results / "studies/own/first/seed-0/recipe.yaml").read_text()
    assert "my_parts:" in recipe and "every: 3" in recipe
    if importlib.util.find_spec("keras") is not None:
        (documented.root / "my_keras.py").write_text(keras)
        own.write_text('base: {model: "my_keras:Small"}\nvariants: {small: {}}\nseeds: 1\n')
        outcome = documented.snakemake("--config", "study=own", "set=training.epochs=1")
        assert outcome.code == 0, outcome.text
    (documented.root / "config/studies/example.yaml").write_text(example)
    outcome = documented.snakemake("-n", "--config", "study=example", "machine={'seeds_per_job': 1}")
    assert outcome.code == 0 and outcome.jobs["train"] == 40, outcome.text


def test_the_readme_s_table_of_the_user_s_works(documented: Project) -> None:
    [base] = blocks("README.md", "yaml")
    rows = "".join(
        f"{index},{index % 7},p{index // 2},{'ill' if index % 3 else 'well'}\n" for index in range(90)
    )
    (documented.root / "data").mkdir(exist_ok=True)
    (documented.root / "data/patients.csv").write_text("age,pulse,patient,outcome\n" + rows)
    (documented.root / "config/studies/mine.yaml").write_text(base + "variants:\n  plain: {}\nseeds: 1\n")
    outcome = documented.snakemake("--config", "study=mine", "smoke=true")
    assert outcome.code == 0, outcome.text
    assert (documented.results / "studies/mine/report.html").exists()
