"""The report knows how a study was made: pairs, looks, splits, and warnings that would fill a page."""

from __future__ import annotations

import re
from pathlib import Path

from report_fixture import Made, warnings, written


def test_all_pairs_have_no_baseline(tmp_path: Path) -> None:
    made = Made({"plain": 0, "wide": 0.02, "deep": 0.0}, comparisons={"design": "all_pairs"})
    page = written(tmp_path, made)
    assert "Best: wide — beats every other variant in accuracy." in page.text
    assert "deep − plain" in page.text and "deep − wide" in page.text
    assert "We compared each variant with each other" in page.text
    assert "p values are adjusted for 3 comparisons by Holm's method (Holm, 1979)." in page.text


def test_looks_and_seeds_that_were_added_are_said_near_the_top(tmp_path: Path) -> None:
    effects = {"plain": 0, "wide": 0.01}
    added = written(tmp_path / "a", Made(effects, seeds=range(20), comparisons={"earlier": [10]}))
    assert "Extended from 10 to 20 seeds after a first look" in warnings(added)
    assert "had been looked at with 10 seeds before" in added.text
    declared = written(tmp_path / "b", Made(effects, comparisons={"looks": [5, 10, 20]}))
    top = declared.text.partition("Numbers\n")[2].partition("Differences in")[0]
    assert "Look 2 of 3 that are declared (5, 10 and 20 seeds)" in top and "to stop here is honest" in top
    assert warnings(declared) == ""
    assert "(O'Brien & Fleming, 1979)" in declared.text
    late = written(tmp_path / "c", Made(effects, comparisons={"looks": [5, 10, 20], "earlier": [7]}))
    assert "Extended from 7 to 10 seeds" in warnings(late) and "honest" not in late.text


def test_the_corrected_variance_is_said(tmp_path: Path) -> None:
    made = Made(
        {"plain": 0, "wide": 0.01}, data={"split_per_run": True}, comparisons={"resampling": 360 / 1168}
    )
    page = written(tmp_path, made)
    assert "tests use the corrected variance of Nadeau and Bengio (2003)" in page.text
    assert warnings(page) == ""
    assert "with 0.308 test samples for each training sample" in page.text


def test_many_warnings_do_not_hide_the_answer(tmp_path: Path) -> None:
    lost = {("wide", seed): f"diverged in epoch {seed + 1}" for seed in range(7)}
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01}, lost=lost))
    top = warnings(page)
    assert all(f"seed {seed}: diverged in epoch {seed + 1}" in top for seed in range(7))
    assert re.search(r"seed 3: .*\s+and \d more\s+.*\s+No result: wide, seed 4", top)


def test_variants_that_are_not_compared_are_named(tmp_path: Path) -> None:
    made = Made({"plain": 0, "wide": 0.01, "teacher": 0.02}, comparisons={"exclude": ["teacher"]})
    page = written(tmp_path, made)
    assert "Trained and shown, but not compared: teacher." in page.text
    assert "p Holm" not in page.text  # one comparison is adjusted for nothing
