"""The same study gives the same bytes: on any number of cores, in any order, in another clone, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workflow.conftest import Project, clone

BITS = (
    "train/*/*/receipt.json",
    "train/*/*/history.json",
    "evaluate/*/*/receipt.json",
    "aggregate/*/*/runs.csv",
)


@pytest.fixture(scope="module")
def again(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small study in another clone, from nothing, on one core, its last variant and seed first."""
    project = clone(tmp_path_factory.mktemp("again") / "another folder")
    targets = sorted(finished.files("evaluate/*/*/receipt.json"), reverse=True)
    project = Project(project.root, cores=1)
    for target in targets:
        outcome = project.snakemake(f"results/{target}")
        assert outcome.code == 0, outcome.text
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    return project


@pytest.mark.parametrize("pattern", BITS)
def test_every_byte_is_the_same_in_another_clone(finished: Project, again: Project, pattern: str) -> None:
    first, second = finished.files(pattern), again.files(pattern)
    assert first and first.keys() == second.keys()
    assert first == second


def test_reports_differ_in_nothing(finished: Project, again: Project) -> None:
    """But in what was measured: the receipts' digests leave that out, and figures of it have none."""
    for pattern in (
        "report/*/receipt.json",
        "report/*/figures/[!c]*",
        "report/*/*.bib",
        "report/*/tables/c[!o]*",
    ):
        assert finished.files(pattern) == again.files(pattern) != {}, pattern


def test_a_run_repeated_by_hand_has_the_same_receipt(project: Project) -> None:
    run = project.results / "studies/small/focal/seed-1"
    outcome = project.python(
        "scripts/train.py", "--recipe", str(run / "recipe.yaml"), "--seed", "1", "--out", "again"
    )
    assert outcome.code == 0, outcome.text
    again = project.root / "again"
    assert (again / "receipt.json").read_bytes() == (run / "receipt.json").read_bytes()
    assert (again / "history.json").read_bytes() == (run / "history.json").read_bytes()


def test_a_run_keeps_its_recipe_and_the_overrides_that_led_to_it(finished: Project) -> None:
    text = (finished.results / "studies/small/focal/seed-1/recipe.yaml").read_text()
    assert "variant: focal" in text and "overrides:\n    loss: focal" in text
    assert "gamma: 2.0" in text and "batch_size: 64" in text and "source:" in text


def test_python_gives_the_history_of_the_workflow(project: Project) -> None:
    run = project.results / "studies/small/plain/seed-0"
    program = (
        "import json, sys; sys.path.insert(0, 'scripts'); from assay.api import train;"
        f"model, history = train({str(run / 'recipe.yaml')!r}, seed=0);"
        "print(json.dumps(history)); assert not model.training"
    )
    outcome = project.python("-W", "error", "-c", program)
    assert outcome.code == 0, outcome.text
    assert json.loads(outcome.text) == json.loads((run / "history.json").read_text())


def test_files_that_carry_bits_carry_no_place_or_time(project: Project) -> None:
    for pattern in ("train/*/*/history.json", "train/*/*/receipt.json", "evaluate/*/*/*.json", "*/*/*/*.csv"):
        for name, data in project.files(pattern).items():
            assert str(Path.home()).encode() not in data or str(Path.home()) == "/", name
            assert str(project.root).encode() not in data, name


def test_a_run_of_code_that_changed_since_planning_is_refused(project: Project) -> None:
    run = project.results / "studies/small/focal/seed-0"
    recipe = next((project.results / "train").glob(f"{run.resolve().parent.name}/recipe.yaml"))
    project.edit("scripts/assay/losses/focal.py", "return losses.mean()", "return 1.0 * losses.mean()")
    outcome = project.python("scripts/train.py", "--planned", "--recipe", str(recipe), "--out", "again")
    assert outcome.code == 1
    assert "assay.losses.focal" in outcome.text and "Traceback" not in outcome.text
    assert not (project.root / "again/receipt.json").exists()
