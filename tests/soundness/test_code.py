"""Every function of every module that a stage can reach: an edit moves what it can affect, and nothing else.

Which recipes a module can affect is asked of Python: the jobs of a study are run, and what each of them has
loaded when it is over is noted. Nothing of `assay.closure` is used for that.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from assay import closure

from soundness import study
from soundness.conftest import World
from soundness.mutate import name_of
from soundness.mutations import KINDS, Source

READ_BY_PLANNING = {
    ("assay.datasets.diabetes", "TARGETS"): "says what its targets are, and the task must fit them",
    ("assay.report.render", "DATA_FILES"): "names files, which must exist",
}
"""Constants that planning itself reads: with any other value the study is refused."""


@pytest.fixture(scope="session")
def loaded(world: World) -> dict[str, set[study.Place]]:
    """Module, or another file, → the recipes whose jobs load it."""
    found: dict[str, set[study.Place]] = {}
    shared = {variant: group for group in study.SHARED for variant in group}
    store = str(world.project.parent / "recorded")
    for places, files in world.ask("record.py", "small", *world.roots, ASSAY_SEED="0", ASSAY_RESULTS=store):
        for stage, variant in places:
            alike = shared[variant] if stage == "prepare" else {variant}
            for file in files:
                root = next(root for root in world.roots if Path(file).is_relative_to(root))
                named = found.setdefault(name_of(Path(file), Path(root)), set())
                named |= {(stage, other) for other in alike}
    return found


@pytest.fixture(scope="session")
def edited(world: World) -> dict[str, Any]:
    """What edits moved, as `mutate.py` says it: each place edited in one way, or in every way."""
    every = ["--all"] if os.environ.get("EVERY_EDIT") else []
    found: dict[str, Any] = world.ask("mutate.py", "small", *world.roots, *every)
    return found


def affected(module: str, loaded: dict[str, set[study.Place]]) -> set[study.Place]:
    """The recipes that an edit of a module can affect."""
    decides = "/" in module or closure.is_followed(module)
    return study.following(loaded.get(module, set())) if decides else set()


def test_no_job_loads_what_its_address_does_not_stand_for(
    loaded: dict[str, set[study.Place]], edited: dict[str, Any]
) -> None:
    """Soundness: a module that a job loads is followed from its recipe, or declared not to influence a result."""
    assert not [name for name in loaded if name not in edited["followed"] and closure.is_followed(name)]


def test_an_edit_moves_what_it_can_affect_and_nothing_else(
    loaded: dict[str, set[study.Place]], edited: dict[str, Any]
) -> None:
    wrong, refused, possible = [], set(), set()
    for edit in edited["alone"]:
        module, place = edit["module"], (edit["module"], edit["where"])
        if edit["moved"] is None:
            refused.add(place)
            continue
        possible.add(place)
        expected = affected(module, loaded)
        moved = {tuple(place) for place in edit["moved"]}
        if moved != expected:
            wrong.append((edit, "not expected", moved - expected, "not moved", expected - moved))
    assert not wrong, wrong[:3]
    assert refused - possible == set(READ_BY_PLANNING)
    assert len(possible) > 450


def test_every_place_of_every_module_was_edited(world: World, edited: dict[str, Any]) -> None:
    kinds = {edit["kind"] for edit in edited["alone"]}
    assert kinds == {*KINDS, "file"}
    places = {(edit["module"], edit["where"]) for edit in edited["alone"]}
    for root in map(Path, world.roots):
        for file in root.rglob("*.py"):
            name = name_of(file, root)
            if name not in edited["together"]:
                assert {(name, where) for where, _ in Source(file.read_bytes()).targets} <= places
    names = {name for name, _ in places}
    assert {"nets.layers", "assay.streams", "assay.training.loop", "assay/report/page.css"} <= names


def test_what_may_move_nothing_moves_nothing(edited: dict[str, Any]) -> None:
    """All modules that are declared, the programs, and what no recipe of the study names: edited all at once."""
    assert edited["moved"] == []
    together = set(edited["together"])
    assert {"train", "assay.losses.multi_task", "assay.training.watch.log"} <= together
    assert {name for name in together if not closure.is_followed(name)} >= set(closure.NOT_FOLLOWED)


def test_snakemake_plans_the_same(
    world: World, loaded: dict[str, set[study.Place]], edited: dict[str, Any]
) -> None:
    """Of each kind of set of jobs that edits led to, one edit, planned by Snakemake."""
    cases: dict[Any, tuple[str, Counter[str]]] = {}
    for module in {edit["module"] for edit in edited["alone"] if edit["moved"]}:
        jobs = study.rules(affected(module, loaded))
        share = "all" if jobs["train"] == study.SEEDS * len(study.VARIANTS) else min(jobs["train"], 3)
        cases.setdefault((frozenset(jobs), share), (module, jobs))
    files = {name_of(file, Path(root)): file for root in world.roots for file in Path(root).rglob("*.*")}
    changes = []
    for module, _ in cases.values():
        file = files[module]  # planning itself runs some of these modules: here it must not fail
        changes.append({str(file): file.read_text() + ("EDITED = 1\n" if file.suffix == ".py" else "\n")})
    assert world.planned([{}, *changes]) == [Counter(), *(jobs for _, jobs in cases.values())], cases
    assert 8 <= len(cases) <= 15
