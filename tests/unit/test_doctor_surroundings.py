"""`assay doctor`, beside results: recipes, copies of code, the index of data files, environment and ledger."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
import stores
from assay.digest import file_digest
from assay.doctor.surroundings import environment_finding, python_finding
from assay.jobs import jobs
from assay.plan import Plan
from assay.recipe import from_yaml, to_yaml
from assay.store import RECIPE
from stores import STORE, contents, fixed, job, named, write_study

origin, plan = stores.origin, stores.plan


def flip(path: Path) -> None:
    """Change a letter that is no key's and no address's: the name of the study or the variant, if it has one."""
    data = path.read_bytes()
    path.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])


@pytest.mark.parametrize("hurt", [flip, Path.unlink])
def test_recipes_are_written_again(plan: Plan, hurt: Callable[[Path], object]) -> None:
    before = contents(STORE)
    paths = {job.recipe.folder(STORE) / RECIPE for study in plan.studies for job in jobs(study)}
    for path in paths:
        hurt(path)
    assert named() == paths
    assert fixed() == [] and contents(STORE) == before


@pytest.mark.parametrize("stage", ["prepare", "train"])
def test_a_recipe_of_no_study_is_written_again_from_those_that_hold_it(plan: Plan, stage: str) -> None:
    for study in ("plain", "taught"):
        write_study(study, "not a study")
    recipe = job(plan, stage).recipe
    path = recipe.folder(STORE) / RECIPE
    if stage == "train":  # its evaluation holds it, once its runs are gone
        for seed in ("seed-0", "seed-1"):
            shutil.rmtree(path.parent / seed)
        shutil.rmtree(STORE / "studies")
    path.write_text(path.read_text().replace("model", "modle").replace("split:", "splat:"))
    assert named() == {path}
    assert fixed() == [] and from_yaml(path).address == recipe.address and named() == set()


def test_a_recipe_of_which_there_is_no_copy_is_left(plan: Plan) -> None:
    for study in ("plain", "taught"):
        write_study(study, "not a study")
    path = job(plan, "evaluate").recipe.folder(STORE) / RECIPE
    path.write_text(path.read_text().replace("split:", "splat:"))
    data = path.read_bytes()
    assert named() == {path}
    [text] = fixed()
    assert "nothing says what it was" in text and path.read_bytes() == data
    other = plan.studies[0].variants[1].measured
    path.write_text(to_yaml(other))
    assert f"is the recipe of evaluate {other.address}" in fixed()[0]


def test_a_damaged_copy_of_code_goes(plan: Plan) -> None:
    paths = sorted((STORE / "code").iterdir())
    texts = [path.read_text() for path in paths]
    paths[0].write_text(f"# a comment does not count\n{texts[0]}")
    paths[1].write_text(f"{texts[1]}\nX = 1\n")
    paths[2].write_text(f"{texts[2]}\n]\n")
    assert named() == set(paths[1:3])
    assert fixed() == [] and sorted((STORE / "code").iterdir()) == [paths[0], *paths[3:]]


def entry(path: Path) -> str:
    return f"{path.resolve()} {path.stat().st_size} {path.stat().st_mtime_ns}"


@pytest.mark.parametrize(
    ("content", "is_right"),
    [
        ("{", False),
        ("[]", False),
        ('{"a": "b"}', False),
        (lambda path: {entry(path): "0" * 64}, False),
        (lambda path: {entry(path): file_digest(path)}, True),
        (lambda path: {f"{path} 1 2": "0" * 64}, True),  # as it was before it changed
    ],
)
def test_the_index_of_data_files(plan: Plan, content: object, is_right: bool) -> None:
    data, index = Path("data.csv"), STORE / ".file-digests.json"
    data.write_text("1,2\n")
    index.write_text(json.dumps(content(data)) if callable(content) else str(content))
    assert named() == (set() if is_right else {index})
    assert fixed() == [] and index.exists() == is_right


def test_the_environment_against_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    yaml = metadata.version("pyyaml")
    lock.write_text(
        f"# pinned\nPyYAML=={yaml}\npy-yaml-not==1.0\nnumpy==0.1\ntorch=={metadata.version('torch').split('+')[0]}\n"
    )
    [finding] = environment_finding(lock)
    assert (
        f"py-yaml-not is not installed (1.0), numpy is {metadata.version('numpy')}, not 0.1; run"
        in finding.text
    )
    assert "torch" not in finding.text and "PyYAML" not in finding.text and finding.fix is None
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nrequires-python = ">=3.11"\n')
    assert list(python_finding(project, (3, 11, 0))) == [] and list(python_finding(project, (4, 0))) == []
    [finding] = python_finding(project, (3, 10, 9))
    assert "needs Python 3.11 or newer; this is 3.10.9" in finding.text


def test_the_ledger_of_accepted_code(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Path("accepted.yaml").resolve()
    monkeypatch.setenv("ASSAY_ACCEPTED", str(ledger))
    ledger.write_text("accepted: [{stage: train}]\n")
    assert ledger in named()
    ledger.write_text("accepted: []\n")
    assert named() == set()
