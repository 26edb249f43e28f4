"""Planning and listing grow with the number of runs as the runs do: counted in calls, not timed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from assay import receipts, recipe, registry, remembered
from assay.command.status import _print
from assay.differences import known
from assay.differences.nearest import Nearest
from assay.differences.reasons import Reasons
from assay.plain_recipes import plain
from assay.plan import Plan, load_plan
from assay.recipe import to_yaml
from assay.remembered import Remembered
from assay.status import run_statuses, summary
from assay.views import make_views
from assay.yamlfile import dump
from benchmarks import made_up_store

SIZES = (4, 8, 16)
"""Variants, with two seeds each."""
MOST = 2.02
"""Times as many calls that twice as many runs more take: 2 where the work is linear, whatever is done once."""


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Path]]:
    """For each size, a project whose study is finished. The code is read once for all."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr("assay.plan.forget", lambda: None)
        for size in SIZES:
            found[size] = tmp_path_factory.mktemp(f"of-{size}")
            with chdir(found[size]):
                Path("config/studies").mkdir(parents=True)
                made_up_store.write_study(Path("config/studies/many.yaml"), size, 2)
                made_up_store.fill("many")
        yield found


def planned(**changes: Any) -> Plan:
    return load_plan(study="many", **changes)


def calls(work: Callable[[], Any]) -> int:
    """How many functions are called, Python's own included."""
    number = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return number


def write_anew(plan: Plan) -> None:
    for path in plan.store.glob("**/recipe.yaml"):
        if path.parent.parent.parent.name != "train" or not path.parent.name.startswith("seed-"):
            path.unlink()
    plan.write_recipes()


def link_anew(plan: Plan) -> None:
    shutil.rmtree(plan.store / "studies", ignore_errors=True)
    make_views(plan)


WORK: dict[str, Callable[[Plan], Any]] = {
    "plan": lambda plan: planned(),
    "write recipes": write_anew,
    "write no recipe": lambda plan: plan.write_recipes(),
    "restore": receipts.restore,
    "views": link_anew,
    "views that are there": make_views,
    "statuses": lambda plan: list(run_statuses(plan.studies[0], plan.store)),
    "status": _print,
    "summary": summary,
    "why nothing": lambda plan: list(Reasons(plan).of(plan.studies[0])),
    "known": lambda plan: [known.Recipes(plan.store).known(stage) for stage in ("train", "evaluate")],
    "runs": lambda plan: list(registry.runs(plan.store)),
}


@pytest.mark.parametrize("name", WORK)
def test_work_grows_as_runs_do(name: str, projects: dict[int, Path]) -> None:
    found = []
    for size in SIZES:
        with chdir(projects[size]):
            plan = planned()
            WORK[name](plan)  # fills caches
            found.append(calls(lambda: WORK[name](plan)))  # noqa: B023
    small, medium, large = found
    assert large - medium <= MOST * (medium - small), found


def test_a_store_is_not_searched_whole_for_each_recipe(projects: dict[int, Path]) -> None:
    """`assay why`, when all is to run anew: for each recipe, the nearest of as many others."""
    found = []
    for size in SIZES:
        with chdir(projects[size]):
            plan = planned(set="training.batch_size=32")
            new = [plain(variant.train) for variant in plan.studies[0].variants]
            nearest = Nearest(known.Recipes(plan.store))
            nearest.find(new[0], "")
            found.append(calls(lambda: [nearest.find(content, "") for content in new]))  # noqa: B023
    small, medium, large = found
    assert large - medium <= MOST * (medium - small), found


def test_a_recipe_is_written_as_yaml_writes_it(projects: dict[int, Path]) -> None:
    """Code is put in as text: the same bytes, also where a setting looks like what stands for it."""
    with chdir(projects[SIZES[0]]):
        plan = planned(set="training.monitor=val_loss")
        for item in plan.recipes.values():
            whole = item.plain() | ({"made_by": dict(item.made_by)} if item.made_by else {})
            assert to_yaml(item).partition("\n")[2] == dump(whole)
    for confusing in ({"code": 0, "x": "a"}, {"code": 7, "x": "a"}, {"deep": {"code": 1}}):
        content = {"settings": confusing, "upstream": {"train": {"code": {"m": "d"}}}, "code": {"n": "e"}}
        assert recipe._with_code(content) in (None, dump(content))
    assert recipe._with_code({"settings": {}, "code": {}}) == dump({"settings": {}, "code": {}})


def test_a_plan_is_named_in_few_words(projects: dict[int, Path]) -> None:
    """Snakemake takes the text of every function that a rule is given, with what it is bound to."""
    with chdir(projects[SIZES[-1]]):
        assert len(repr(planned())) < 1_000


def test_what_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_MUCH", 1)
    monkeypatch.setattr(remembered, "_SETTLED", -1.0)
    file, other = tmp_path / "fact", tmp_path / "other"
    reads = []

    def read() -> str:
        reads.append(1)
        return file.read_text()

    def ask() -> Any:
        index = Remembered(tmp_path, "facts")
        try:
            return index.of("key", (str(file), str(other)), read)
        finally:
            index.save()

    file.write_text("one")
    assert (ask(), ask(), len(reads)) == ("one", "one", 1)
    times = file.stat()
    file.write_text("two")  # as long, and as old
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (ask(), ask(), len(reads)) == ("two", "two", 2)
    other.write_text("")
    assert (ask(), len(reads)) == ("two", 3)
    (tmp_path / ".facts.json").write_text('{"key": "damaged"}')
    assert (ask(), len(reads)) == ("two", 4)
    monkeypatch.setattr(remembered, "_SETTLED", 3600.0)
    (tmp_path / ".facts.json").unlink()
    assert (ask(), ask(), len(reads)) == ("two", "two", 6), "what was just written may be written again"
