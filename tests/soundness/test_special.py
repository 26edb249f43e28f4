"""Ways of reaching code that are easily missed, each with its exact set of jobs; Python itself is the oracle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from assay import plan as planning
from assay.errors import UserError

from soundness import cases, study
from soundness.plans import Planned
from soundness.remember import remembering

STUDY = {
    "base": {"training": {"epochs": 1}},
    "variants": {"plain": {}, "mine": {"model": "mine.model:Net"}},
    "seeds": 1,
}
MINE = {
    *((stage, "mine") for stage in ("train", "evaluate", "aggregate/variant")),
    *((stage, "") for stage in ("aggregate/study", "compare", "report")),
}
"""What is computed again when the user's model is another one."""

LOAD = """
import json, os, sys
opened = set()
sys.addaudithook(lambda event, found: opened.add(str(found[0])) if event == "open" else None)
import mine.model
mine.model.Net()
files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
files |= {file for file in opened if not file.endswith((".py", ".pyc"))}
print(json.dumps([os.path.realpath(file) for file in files if file]))
"""


class Project:
    """A project with a study of two variants; the model of one is the user's."""

    def __init__(self, users: list[Path]) -> None:
        self.users = users

    def write(self, files: dict[str, str], root: int = 0) -> list[Path]:
        """Put files into a folder on PYTHONPATH."""
        for name, text in files.items():
            path = self.users[root] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        planning.forget()
        return [self.users[root] / name for name in files]

    def loaded(self) -> set[Path]:
        """The files that Python loads for the model."""
        path = os.pathsep.join(map(str, self.users))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        found = subprocess.run([sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True)
        assert found.returncode == 0, found.stderr
        return {Path(file) for file in json.loads(found.stdout)}

    def moved_by(self, files: list[Path]) -> dict[Path, set[study.Place]]:
        """What an edit of each file moves."""
        found = {}
        with remembering():
            before = Planned(STUDY)
            for file in files:
                text = file.read_text()
                file.write_text(f"{text}\nEDITED = 1\n")
                found[file] = Planned(STUDY).moved(before)
                file.write_text(text)
        return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    users = [tmp_path / "first", tmp_path / "second"]
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    for folder in reversed(users):
        folder.mkdir()
        monkeypatch.syspath_prepend(str(folder))
    yield Project(users)
    planning.forget()


@pytest.mark.parametrize("case", cases.FILES)
def test_what_python_loads_is_what_moves_the_runs(case: str, project: Project) -> None:
    files = project.write(cases.FILES[case])
    loaded = project.loaded()
    assert loaded & set(files)
    assert project.moved_by(files) == {file: MINE if file in loaded else set() for file in files}


@pytest.mark.parametrize("case", cases.NEVER_LOADED)
def test_what_python_may_load_moves_the_runs_too(case: str, project: Project) -> None:
    content, name = cases.NEVER_LOADED[case]
    files = project.write(content)
    assert project.users[0] / name not in project.loaded()
    assert project.moved_by(files) == dict.fromkeys(files, MINE)


def test_of_two_modules_with_one_name_python_takes_the_first(project: Project) -> None:
    """Folders without `__init__.py` are one package; one with it is all of the package."""
    first = {"mine/model.py": cases.model("import mine.helper, whole.helper"), "whole/helper.py": ""}
    second = {"mine/model.py": "", "mine/helper.py": "", "whole/__init__.py": "", "whole/helper.py": ""}
    files = [*project.write(first), *project.write(second, root=1)]
    loaded = project.loaded()
    assert [file.relative_to(project.users[1].parent).as_posix() for file in files if file in loaded] == [
        "first/mine/model.py",
        "second/mine/helper.py",
        "second/whole/__init__.py",
        "second/whole/helper.py",
    ]
    assert project.moved_by(files) == {file: MINE if file in loaded else set() for file in files}


BASE = "class Base: pass\nclass Other: pass\n"


def test_edits_of_the_model(project: Project) -> None:
    model, _ = project.write({"mine/model.py": cases.SOURCE, "mine/base.py": BASE})
    with remembering():
        before = Planned(STUDY)
        for case, (old, new, decides) in cases.EDITS.items():
            assert old in cases.SOURCE
            model.write_text(cases.SOURCE.replace(old, new))
            assert Planned(STUDY).moved(before) == (MINE if decides else set()), case


def test_a_docstring_counts_where_it_is_read(project: Project) -> None:
    source = '"""Words."""\nTEXT = __doc__\n' + cases.model()
    [model] = project.write({"mine/model.py": source})
    before = Planned(STUDY)
    model.write_text(source.replace("Words", "Other words"))
    assert Planned(STUDY).moved(before) == MINE
    model.write_text(source.replace("\nTEXT", "\n\n# a comment\nTEXT"))
    assert Planned(STUDY).moved(before) == set()


@pytest.mark.parametrize(
    ("group", "setting", "places"),
    [
        ("datasets", "data.source", {("prepare", "mine"), ("train", "mine")}),
        ("losses", "loss", {("train", "mine")}),
        ("optimizers", "training.optimizer", {("train", "mine")}),
    ],
)
def test_every_kind_of_component_may_be_the_user_s(
    group: str, setting: str, places: set[study.Place], project: Project
) -> None:
    source = "import mine.helper\n\n\ndef made(*given, size: int = 1):\n    pass\n"
    files = project.write({"mine/part.py": source, "mine/helper.py": ""})
    content = STUDY | {"variants": {"plain": {}, "mine": {setting: "mine.part:made"}}}
    before = Planned(content)
    for file in files:
        file.write_text(f"{file.read_text()}\nEDITED = 1\n")
        after = Planned(content)
        assert after.moved(before) == MINE | places
        before = after


@pytest.mark.parametrize(
    ("constant", "said"),
    [
        ("IMPORTS = ('mine.nowhere',)", r"model\.py: IMPORTS: there is no module 'mine\.nowhere'"),
        ("IMPORTS = 'mine.helper'", r"model\.py: IMPORTS: must be names"),
        ("IMPORTS = (name,)", r"model\.py: IMPORTS: must be names"),
        ("IMPORTS = None", r"model\.py: IMPORTS: must be names"),
        ("DATA_FILES = ('none.txt',)", r"model\.py: DATA_FILES: there is no file 'none\.txt'"),
        ("DATA_FILES: tuple = (1,)", r"model\.py: DATA_FILES: must be names"),
    ],
)
def test_a_wrong_declaration_is_named_before_any_job(constant: str, said: str, project: Project) -> None:
    project.write({"mine/model.py": cases.model(constant)})
    with pytest.raises(UserError, match=said):
        Planned(STUDY)
