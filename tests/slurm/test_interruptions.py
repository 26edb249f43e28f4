"""What happens to jobs: runs come to the same bytes all the same, or say why they did not; others go on.

All of it happens at once, to the runs of three studies (story.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from assay.store import RECEIPT

from slurm.cluster import Cluster
from slurm.conftest import Clone, fresh
from slurm.story import RUNS_ONLY, SLOW, STUDIES, Story, tell


def slow(target: Path) -> Clone:
    """A clone with the three studies and their callback."""
    made = fresh(target, STUDIES)
    (target / "slow.py").write_text(SLOW)
    return made


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return slow(tmp_path_factory.mktemp("interruptions") / "there")


@pytest.fixture(scope="module")
def story(cluster: Cluster, clone: Clone) -> Iterator[Story]:
    """Everything, once."""
    return tell(cluster, clone)


def test_a_run_longer_than_its_job_may_be_is_continued_by_the_same_job(story: Story) -> None:
    assert story.restarts[story.long.id] >= 1, story.first.text
    assert story.long.id in story.finished_first
    assert story.long.events("on_start") == 1
    assert story.long.events("on_resume") == story.restarts[story.long.id]


def test_a_cancelled_job_is_left_to_the_next_call_which_continues_its_run(story: Story) -> None:
    assert story.first.code == 1
    assert story.restarts[story.cancelled.id] == 0
    assert story.cancelled.id not in story.finished_first
    assert f"SLURM-job '{story.cancelled.id}' failed, SLURM status is: 'CANCELLED'" in story.first.text
    assert story.first.text.count("was cancelled; the next call continues it") == 1
    assert story.cancelled.events("on_start") == 1


def test_the_runs_of_a_lost_node_are_finished_elsewhere(story: Story) -> None:
    assert story.restarts[story.lost.id] >= 1
    assert story.lost.id in story.finished_first


def test_a_run_whose_job_was_started_again_while_it_went_on_has_one_writer(story: Story) -> None:
    assert story.deaf.id in story.finished_first
    assert story.deaf.events("on_start") == 1
    assert story.deaf.events("on_train_end") == 1


def test_too_little_memory_is_said_and_what_to_set(story: Story) -> None:
    told = "hungry/plain, seed 0: used "
    [line] = [line for line in story.first.text.splitlines() if told in line]
    assert line.endswith("and asked for 150 MB; set resources.train.memory higher in the study")


def test_a_call_that_was_killed_left_a_job_that_the_next_call_waits_for(story: Story) -> None:
    assert len(story.second_jobs) >= 1, "the killed call's job went on"
    assert story.third.code == 0, story.third.text
    assert story.cancelled.events("on_resume") == 1
    assert story.cancelled.events("on_train_end") == 1


def test_all_runs_have_the_bytes_of_runs_that_were_left_alone(
    story: Story, clone: Clone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = slow(tmp_path_factory.mktemp("alone") / "here").project
    outcome = here.snakemake(*RUNS_ONLY, "--config", "partial=false")
    assert outcome.code == 0, outcome.text
    pattern = f"[te]*/*/seed-*/{RECEIPT}"
    receipts = here.files(pattern)
    assert len(receipts) == 10
    assert clone.project.files(pattern) == receipts
    assert not [*clone.project.results.glob("**/.*.part")]
