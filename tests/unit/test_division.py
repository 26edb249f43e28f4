"""Which runs one job computes."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from assay.cohorts.division import MOST, Wanted, divided, runs_per_job, shared_jobs, wanted
from assay.plan import load_plan
from assay.settings.config import MachineSettings
from hypothesis import given
from hypothesis import strategies as st
from stores import PLAIN, TAUGHT, write_study


@given(st.lists(st.integers(0, 10**6), unique=True), st.integers(1, 50))
def test_seeds_are_divided_evenly_into_as_few_parts_as_there_can_be(seeds: list[int], most: int) -> None:
    parts = list(divided(seeds, most))
    assert [seed for part in parts for seed in part] == seeds
    assert len(parts) == -(-len(seeds) // most)
    sizes = {len(part) for part in parts}
    assert not sizes or (max(sizes) <= most and max(sizes) - min(sizes) <= 1)


def test_jobs_use_every_core_and_are_few() -> None:
    assert runs_per_job([[20]], cores=1) == 20  # one process for one core
    assert runs_per_job([[20, 20, 20]], cores=2) == 30
    assert runs_per_job([[1, 1, 1]], cores=64) == 1
    assert runs_per_job([[20], [20], [20]], cores=2) == 10  # unlike runs: three jobs each, not two and one
    assert runs_per_job([[5], [5]], cores=4) == 3
    assert runs_per_job([[10] * 6], cores=2) == 30 and runs_per_job([[1] * 60], cores=2) < 30
    assert runs_per_job([], cores=4) == runs_per_job([[1]], cores=4) == 1
    assert runs_per_job([[10]], cores=64, at_once=4) == 4
    assert runs_per_job([[64]], cores=8, at_once=4) == 32  # two jobs of four runs at a time
    assert runs_per_job([[10] * 1000], cores=1) == MOST
    assert runs_per_job([[10] * 1000], cores=4, at_once=4) == 4 * MOST


@given(
    st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=4), min_size=1, max_size=9), st.integers(1, 9)
)
def test_no_core_is_idle_for_long(groups: list[list[int]], cores: int) -> None:
    """Whatever the study, the last job ends at most a run later than with a job a run."""
    most, counts = runs_per_job(groups, cores), [sum(group) for group in groups]
    jobs = sorted((len(part) + 1 for count in counts for part in divided(range(count), most)), reverse=True)
    ends = [0] * cores
    for job in jobs:
        ends[ends.index(min(ends))] += job
    assert max(ends) <= 2 * math.ceil(sum(counts) / cores) + 1


def test_where_runs_are_not_shared_auto_is_what_a_job_computes_at_once() -> None:
    assert MachineSettings().seeds_of_one_recipe == 1
    assert MachineSettings(runs_per_gpu=4).seeds_of_one_recipe == 4
    assert MachineSettings(runs_per_gpu=4, device="cpu").seeds_of_one_recipe == 1
    assert MachineSettings(runs_per_gpu=4, seeds_per_job=7).seeds_of_one_recipe == 7


def runs_of(job: tuple[Wanted, ...]) -> list[tuple[str, int]]:
    return [(item.recipe.address, seed) for item in job for seed in item.seeds]


def mlp(width: int) -> dict[str, Any]:
    return {"model": {"name": "mlp", "widths": [width]}}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 7, 40])
def test_jobs_share_the_runs_of_a_study_evenly(cores: int) -> None:
    write_study("plain", {**PLAIN, "seeds": 9, "variants": {"a": {}, "b": mlp(9), "c": mlp(8)}})
    found = wanted(load_plan({"study": "plain"}), finished_too=False)
    jobs = [runs_of(job) for job in shared_jobs(found, cores)]
    assert sorted(run for job in jobs for run in job) == sorted(runs_of(tuple(found)))  # each once
    assert len(jobs) == (cores if cores < 40 else 27)
    assert max(map(len, jobs)) - min(map(len, jobs)) <= 1
    for item in found:
        own = [sum(address == item.recipe.address for address, _ in job) for job in jobs]
        assert max(own) - min(own) <= 1, "each job has its share of every recipe"


def shared(*studies: str) -> list[list[str]]:
    """The variants of each job, for one core."""
    jobs = shared_jobs(wanted(load_plan({"study": [*studies]}), finished_too=False), cores=1)
    return [[item.train.made_by["variant"] for item in job] for job in jobs]


def test_what_a_process_can_not_be_for_both_is_not_shared() -> None:
    variants = {
        "plain": {},
        "wide": mlp(9),
        "fast": {"numerics": {"deterministic": False}},
        "two processes": {"training": {"processes": 2}},
        "other data": {"data": {"source": "breast_cancer"}},
    }
    write_study("unlike", {**PLAIN, "variants": variants, "comparisons": {"across_numerics": True}})
    assert shared("unlike") == [["plain", "wide"], ["fast"], ["two processes"], ["other data"]]


def test_a_job_is_of_the_same_studies() -> None:
    """So that a run which fails takes the report of no other study with it."""
    write_study("one", {**PLAIN, "variants": {"a": {}, "b": mlp(5), "c": mlp(6)}})
    write_study("other", {**PLAIN, "variants": {"a": {}, "d": mlp(7)}})
    assert shared("one", "other") == [["a"], ["b", "c"], ["d"]]


def test_runs_that_others_read_are_shared_with_none() -> None:
    """Else a variant that fails would keep another from being trained at all."""
    write_study("taught", {**TAUGHT, "variants": {**TAUGHT["variants"], "other": mlp(5), "another": mlp(6)}})
    assert shared("taught") == [["teacher"], ["taught"], ["other", "another"]]


def test_runs_that_differ_in_their_evaluation_alone_are_in_one_job() -> None:
    """Else two jobs would train the same run at the same time."""
    variants = {"a": {}, "a, last": {"evaluation": {"checkpoint": "last"}}, "b": mlp(5)}
    write_study("evaluations", {**PLAIN, "seeds": 5, "variants": variants})
    found = wanted(load_plan({"study": "evaluations"}), finished_too=False)
    jobs = list(shared_jobs(found, cores=2))
    trained = [{(item.train.address, seed) for item in job for seed in item.seeds} for job in jobs]
    assert len(jobs) == 2 and all(one.isdisjoint(other) for one, other in pairwise(trained))
    assert Counter(map(len, trained)) == {5: 2}  # of ten that are trained, fifteen that are evaluated
