"""`assay why`: every job that would run, with what separates it from the nearest result. Nothing is computed."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import stores
from assay import sources
from assay.command import why
from assay.jobs import Job, jobs
from assay.plan import load_plan
from assay.store import FAILURE, RECEIPT, RESUME, claim

NET = """\
from torch import nn

from mine.helpers import DEPTH


class Net(nn.Module):
    def __init__(self, data, width: int = 3):
        super().__init__()
        self.width = width * DEPTH
"""
BASE: dict[str, Any] = {
    "data.source": {"name": "csv", "target": "y"},
    "data.source.path": "a.csv",
    "model": {"name": "mine.net:Net"},
    "training.epochs": 2,
}
VARIANTS: dict[str, Any] = {"plain": {}, "focal": {"loss": "focal"}}
ALL = ["prepare", "train", "evaluate", "aggregate/variant", "aggregate/study", "compare", "report"]


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def study(variants: dict[str, Any] = VARIANTS, seeds: int = 2, **changes: Any) -> None:
    """The study, with changes of its base by dotted keys."""
    stores.write_study("study", {"base": BASE | changes, "variants": variants, "seeds": seeds})


def fill() -> None:
    """Put a result at every place of the study."""
    plan = load_plan()
    plan.write_recipes()
    for job in jobs(plan.studies[0]):
        stores.seal(job.recipe, job.folder(plan.store))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a model of the user's and a data file; every job of its study has a result."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch, chdir(folder):
        patch.syspath_prepend(str(folder))
        write("mine/__init__.py", "")
        write("mine/net.py", NET)
        write("mine/helpers.py", "DEPTH = 2\n")
        write("a.csv", "x,y\n" + "".join(f"{n},{n % 3}\n" for n in range(60)))
        write("config/config.yaml", "study: study\n")
        study()
        fill()
    return folder


@pytest.fixture(autouse=True)
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of it to work in."""
    folder = tmp_path / "project"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))


def called(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    why.add_arguments(parser)
    return parser.parse_args(arguments)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    """Stage → what is said of it; `` → what is said of the whole."""
    capsys.readouterr()
    why.run(called(*arguments))
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    first, *parts = text.split("\n\n")
    found = {stage: rest for stage, _, rest in (part.partition("\n") for part in parts)}
    return {"": first, **found}


def nothing(capsys: pytest.CaptureFixture[str]) -> None:
    [line] = told(capsys).values()
    assert line == f"study: nothing is to run; its report is {folder('report')}/report.html\n"


def reasons(text: str) -> list[str]:
    """The lines of a stage but for those that name a variant."""
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def planned() -> list[Job]:
    return list(jobs(load_plan().studies[0]))


def folder(stage: str, index: int = 0) -> Path:
    """The folder of one of the jobs of a stage."""
    found = [job.folder(stores.STORE) for job in planned() if job.recipe.stage == stage]
    return found[index]


def test_a_setting_has_both_values_where_it_is_and_down_the_stages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = folder("train").parent.name
    study(**{"training.learning_rate": 0.003})
    found = told(capsys)
    assert found[""] == "study: 13 jobs to run"
    assert list(found)[1:] == [
        *ALL[1:],
        f"to run: 4 train, 4 evaluate, {', '.join(f'{n} {s}' for n, s in zip((2, 1, 1, 1), ALL[3:], strict=True))}",
    ]
    assert found["train"].splitlines()[0] == f"  plain: 2 of 2 seeds; nearest: study/plain {address}"
    line = ["settings", "training.learning_rate: 0.001 there, 0.003 here"]
    assert reasons(found["train"]) == line
    assert reasons(found["evaluate"]) == [*line, "reads what is to run first: 2 train"]
    assert reasons(found["aggregate/variant"]) == ["reads what is to run first: 2 evaluate"]
    nearest = [line.split()[2] for line in found["aggregate/variant"].splitlines()[:2]]
    assert nearest == ["study/plain", "study/focal"]  # all are as near, but for the name
    assert reasons(found["aggregate/study"]) == ["reads what is to run first: 2 aggregate/variant"]
    assert reasons(found["compare"]) == ["reads what is to run first: 1 aggregate/study"]


def test_a_component_that_is_another_one_is_told_with_its_settings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    study(model={"name": "mlp", "widths": [4]})
    text = told(capsys)["train"]
    assert "model.name: mine.net:Net there, mlp here" in text
    assert "model.width: 3 there, not set here" in text
    assert "model.widths: not set there, [4] here" in text
    assert "reached only there: mine, mine.helpers, mine.net" in text


@pytest.mark.parametrize(
    ("file", "old", "new", "lines"),
    [
        ("mine/net.py", "width * DEPTH", "width + DEPTH", ["mine.net", "Net.__init__", "there 9: self.width = width * DEPTH", "here  9: self.width = width + DEPTH"]),
        ("mine/helpers.py", "DEPTH = 2", "# two\nDEPTH = 3", ["mine.helpers", "module level", "there 1: DEPTH = 2", "here  2: DEPTH = 3"]),
        ("mine/net.py", "width * DEPTH\n", "width * DEPTH\n\n    def size(self):\n        return self.width\n", ["mine.net", "Net.size: only here", "here  11: def size(self):"]),
    ],
)  # fmt: skip
def test_code_is_told_by_function_and_lines_once(
    capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, lines: list[str]
) -> None:
    write(file, Path(file).read_text().replace(old, new))
    found = told(capsys)
    assert "prepare" not in found
    assert reasons(found["train"]) == ["code", *lines]
    assert reasons(found["evaluate"]) == [
        "code",
        f"{lines[0]}: as above",
        "reads what is to run first: 2 train",
    ]


def test_code_of_which_no_copy_was_kept_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    kept = next(job.recipe.code["mine.net"] for job in planned() if job.recipe.stage == "train")
    write("mine/net.py", NET.replace("* DEPTH", "+ DEPTH"))
    sources.kept(stores.STORE, kept).write_text("damaged = 1\n")
    assert reasons(told(capsys)["train"]) == ["code", "mine.net: no copy of its code there was kept"]


def test_data_files_of_data_sets_and_of_modules_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.csv", Path("a.csv").read_text() + "99,1\n")
    found = told(capsys)
    [title, line] = reasons(found["prepare"])
    assert title == "data" and line.startswith("data.source.path: content ") and line.endswith(" here")
    assert reasons(found["train"]) == ["data", line, "reads what is to run first: 1 prepare"]
    fill()
    Path("a.csv").rename("b.csv")
    study(**{"data.source.path": "b.csv"})
    nothing(capsys)  # a file's name is no matter
    write("mine/table.txt", "1")
    write("mine/helpers.py", 'DEPTH = 2\nDATA_FILES = ("table.txt",)\n')
    fill()
    write("mine/table.txt", "2")
    assert reasons(told(capsys)["train"]) == ["code", "mine.helpers/table.txt: another content of the file"]


def test_the_environment_is_told_where_it_is_part_of_the_identity(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("config/config.yaml", "study: study\nidentity: {environment: true}\n")
    text = told(capsys)["prepare"]
    assert "    environment\n      python: not set there, " in text
    fill()
    monkeypatch.setattr("platform.python_version", lambda: "3.99.1")
    found = told(capsys)
    for stage in ALL[:3]:
        lines = reasons(found[stage])
        assert lines[:2] == ["environment", f'python: "{sys.version.split()[0]}" there, "3.99.1" here']


def test_seeds_that_were_not_run_failed_or_were_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    study(seeds=6)
    states = {
        2: (FAILURE, json.dumps({"error": "RuntimeError", "message": "no memory\nat all"})),
        3: (RESUME, ""),
    }
    address = folder("train").parent
    for seed, (name, content) in states.items():
        write(str(address / f"seed-{seed}" / name), content)
    with claim(address / "seed-5"):
        text = told(capsys)["train"]
    assert text.splitlines() == [
        f"  plain: 4 of 6 seeds; 2 results at {address.name}",
        "    seed 2: failed and will be tried again: RuntimeError: no memory",
        "    seed 3: interrupted; goes on where it was",
        "    seed 4: not run yet",
        "    seed 5: running now",
        f"  focal: 4 of 6 seeds; 2 results at {folder('train', 6).parent.name}",
        "    seeds 2–5: not run yet",
    ]
    assert reasons(told(capsys)["aggregate/variant"])[:2] == [
        "settings",
        "seeds: [0, 1] there, [0, 1, 2, 3, 4, 5] here",
    ]


def test_what_is_missing_but_read_by_nothing_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    for stage in ("train", "compare"):
        for name in (RECEIPT, "seal.json"):
            (folder(stage) / name).unlink()
    nothing(capsys)
    (folder("report") / RECEIPT).unlink()  # it is put back from the seal
    nothing(capsys)
    (folder("report") / "seal.json").unlink()
    assert list(told(capsys))[1:] == ["compare", "report", "to run: 1 compare, 1 report"]


def test_an_empty_store(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_RESULTS", "empty")
    assert told(capsys)["train"].splitlines() == [
        "  plain: 2 of 2 seeds; nothing of train is finished yet",
        "  focal: 2 of 2 seeds; nothing of train is finished yet",
        "    reads what is to run first: 1 prepare",
    ]


def test_results_that_are_there_but_were_not_read_together_are_gone_into(
    capsys: pytest.CaptureFixture[str],
) -> None:
    study(**{"training.epochs": 5})
    fill()
    study(variants={"plain": {}, "focal": {"loss": "focal", "training.epochs": 5}})
    found = told(capsys)
    assert "train" not in found and "aggregate/variant" not in found
    text = "\n".join(reasons(found["aggregate/study"]))
    assert (
        "variant plain: training.epochs: 5 there, 2 here" in text
        or "variant focal: training.epochs: 2 there, 5 here" in text
    )


def test_many_variants_with_one_reason_share_it_and_programs_get_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(why, "MOST_ALIKE", 2)
    variants = {f"v{n}": {"training.batch_size": 100 + n} for n in range(4)}
    study(variants)
    fill()
    study({name: {**changes, "training.epochs": 9} for name, changes in variants.items()})
    lines = told(capsys)["train"].splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["  v0", "  v1"]
    assert lines[2:] == [
        "  and 2 more for the same reason; --all lists them",
        "    settings",
        "      training.epochs: 2 there, 9 here",
    ]
    assert len(told(capsys, "--all")["train"].splitlines()) == 6
    why.run(called("--json"))
    found = json.loads(capsys.readouterr().out)["study"]
    folders = {job["folder"] for reason in found for job in reason["jobs"]}
    assert folders == {str(job.folder(stores.STORE)) for job in planned()} - {str(folder("prepare"))}
    train = next(reason for reason in found if reason["stage"] == "train")
    assert train["differences"] == {"settings": [{"key": "training.epochs", "old": 2, "new": 9}]}
