"""What is generated, pinned or said in several places is the same in all of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from assay.settings.document import documents
from assay.yamlfile import read
from conftest import ROOT


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_generated_documents_are_up_to_date(path: Path) -> None:
    assert path.read_text() == documents()[path], "run `make docs`"


@pytest.mark.parametrize("path", sorted((ROOT / "config/studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_studies_follow_the_schema_they_name(path: Path) -> None:
    [name] = re.findall(r"^# yaml-language-server: \$schema=(.+)$", path.read_text(), re.MULTILINE)
    schema = json.loads((path.parent / name).read_text())
    jsonschema.validate(read(path).content, schema)
    wrong = read(path).content | {"sedes": 3}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def test_the_configuration_follows_its_schema() -> None:
    schema = json.loads((ROOT / "config/schema/config.json").read_text())
    jsonschema.validate(read(ROOT / "config/config.yaml").content, schema)


def _lock() -> dict[str, str]:
    lines = (ROOT / "envs/requirements.lock").read_text().split()
    return {name.lower(): version for name, version in (line.split("==") for line in lines)}


def _direct(file: str) -> list[str]:
    lines = (ROOT / "envs" / file).read_text().splitlines()
    return [re.split(r"[=\s#]", line)[0] for line in lines if line and line[0] != "#"]


def test_the_lock_pins_all_that_is_needed() -> None:
    assert set(_direct("requirements.in")) <= set(_lock())
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in _lock().values())
    development = (ROOT / "envs/requirements-dev.lock").read_text().lower()
    assert all(f"{name.lower()}==" in development for name in _direct("requirements-dev.in"))


def test_conda_has_the_versions_of_the_lock() -> None:
    entries = yaml.safe_load((ROOT / "envs/assay.yaml").read_text())["dependencies"]
    conda = dict(entry.split("=") for entry in entries)
    names = {"torch": "pytorch", "snakemake": "snakemake-minimal"}
    expected = {names.get(name, name): _lock()[name] for name in _direct("requirements.in")}
    assert {name: version for name, version in conda.items() if name != "python"} == expected


def test_planning_and_listing_import_no_torch() -> None:
    program = (
        "import sys; sys.path.insert(0, 'scripts');"
        "import assay.plan, assay.views, assay.status, assay.command.main, assay.command.runs, assay.command.show, "
        "assay.command.status, assay.command.why, assay.command.report, assay.results.aggregate, assay.results.compare;"
        "from assay.plan import load_plan; load_plan({'study': ['digits', 'breast_cancer']});"
        "print([name for name in ('torch', 'pandas', 'sklearn', 'matplotlib', 'scipy.stats') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_training_imports_no_tables_and_no_plots() -> None:
    program = (
        "import sys; sys.path.insert(0, 'scripts'); import assay.training.run, assay.evaluation.run, assay.single;"
        "print([name for name in ('pandas', 'sklearn', 'matplotlib', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
