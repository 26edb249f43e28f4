"""What each program imports: no job pays for a library that it does not need."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from workflow.conftest import Project, clone

HEAVY = ("torch", "torch._dynamo", "sklearn", "scipy", "pandas", "matplotlib")
RECORDER = f"""
import os, sys

def heard(event, arguments):
    if event == "import" and arguments[0] in {HEAVY}:
        with open(os.environ["HEARD"], "a") as file:
            file.write(f"{{os.path.basename(sys.argv[0])}} {{arguments[0]}}\\n")

sys.addaudithook(heard)
"""
"""A `sitecustomize` that notes each import and its program, in forked processes as well."""
LISTING = """
import sys
from assay.command.main import main
both = "small/plain small/focal"
for line in ("runs", "status small", "why small", "plan small", "show small/plain/seed-1", f"diff {both}"):
    sys.argv = ["assay", *line.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code or line.startswith("diff"), (line, end.code)
"""

Imports = dict[str, set[str]]


def imported(project: Project, folder: Path, *command: str) -> Imports:
    """What a command and all processes below it import of HEAVY: program → modules."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(RECORDER)
    heard = folder / "heard"
    heard.touch()
    outcome = project.run([sys.executable, *command], PYTHONPATH=str(folder), HEARD=str(heard))
    assert outcome.code == 0, outcome.text
    found: Imports = {}
    for line in heard.read_text().splitlines():
        program, module = line.split(" ")
        found.setdefault(program, set()).add(module)
    return found


@pytest.fixture(scope="module")
def workflow(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Imports:
    """The imports of one run trained and measured, and of the tables and the comparison that follow."""
    folder = tmp_path_factory.mktemp("imports")
    project = clone(folder / "clone", finished.root)
    run = (project.results / "studies/small/plain/seed-0").resolve()
    gone = [project.results / stage for stage in ("prepare", "aggregate", "compare", "report")]
    for path in (run, *gone, *project.results.glob("evaluate/*/seed-0")):
        shutil.rmtree(path)
    command = ("-m", "snakemake", "--cores", "2", "--until", "compare", "--config", "study=small")
    return imported(project, folder / "site", *command)


def test_what_trains_and_measures_imports_torch_and_nothing_else(workflow: Imports) -> None:
    programs = [name for name, modules in workflow.items() if "torch" in modules]
    assert programs  # the recorder hears them
    assert all(workflow[name] == {"torch"} for name in programs), workflow
    assert "sklearn" in workflow["prepare.py"]


def test_the_snakefile_and_the_tables_do_without_torch(workflow: Imports) -> None:
    assert "scipy" in workflow["compare.py"]
    assert not workflow["compare.py"] & {"torch", "sklearn", "pandas", "matplotlib"}
    assert "aggregate.py" not in workflow
    assert "torch" not in {
        module for name in ("snakemake", "__main__.py") for module in workflow.get(name, ())
    }


def test_listing_commands_import_nothing_heavy(finished: Project, tmp_path: Path) -> None:
    found = imported(finished, tmp_path / "site", "-c", LISTING)
    assert not {module for modules in found.values() for module in modules} - {"scipy"}, found
