"""What the report says: the verdict first, and nothing hidden that a reader must know."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from assay.report import render
from report_fixture import (
    FOUR,
    Made,
    Page,
    compared,
    make,
    page_of,
    said,
    seal,
    train_address,
    warnings,
    written,
)


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    """The report's folder, with its page as Markdown, and the page; figures have tests of their own."""
    store = tmp_path_factory.mktemp("four")
    folder = make(store, FOUR)
    text = render.markdown(said(folder, store).values | {"drawings": {}})
    (folder / "report.md").write_text(text)
    return folder, page_of(folder, store)


def test_the_verdict_stands_first_and_agrees_with_the_sentences(four: tuple[Path, Page]) -> None:
    folder, page = four
    wide = next(c for c in compared(folder)["comparisons"] if c["variant"] == "wide")
    headline = re.search(
        r"Best: wide — beats plain by (\S+) points of accuracy \((95 % CI .*?\])\), (p .*?)\.\s",
        page.text,
    )
    assert headline is not None
    assert f"by {headline[1]} percentage points of accuracy, {headline[2]}" in wide["sentence"]
    assert headline[3] == "p = .013 after Holm"
    assert headline[3] in wide["sentence"]


def test_every_sentence_and_every_lost_run_is_said(four: tuple[Path, Page]) -> None:
    folder, page = four
    text = (folder / "report.md").read_text()
    comparisons = compared(folder)["comparisons"]
    assert [c["verdict"] for c in comparisons] == ["better", "inconclusive", "worse"]
    for comparison in comparisons:
        assert f"{comparison['verdict']} {comparison['sentence']}" in re.sub(r"\s+", " ", page.text)
        assert comparison["sentence"] in text
    for words in (
        "No result: tiny, seed 3: diverged in epoch 3.",
        "No pair of tiny and plain: seed 3.",
    ):
        assert words in warnings(page)
        assert words in text.partition("# Is wider better?")[0]
    assert "1 of 40 runs gave no result and was left out." in page.text


def test_a_verdict_has_a_sign_and_a_word(four: tuple[Path, Page]) -> None:
    marks = [a["class"] for a in four[1].all("span") if str(a.get("class")).startswith("mark")]
    assert marks == ["mark better", *2 * ["mark better", "mark inconclusive", "mark worse"]]
    for words in ("▲ better", "◇ inconclusive", "▼ worse"):
        assert four[1].text.count(words) >= 2


def test_differing_environments_are_flagged_at_the_top(tmp_path: Path) -> None:
    other = {
        ("wide", 2): {
            "versions": {"python": "3.11.2", "torch": "2.8.0"},
            "cpu": {"capability": "AVX512"},
        },
        ("plain", 0): {"device": "cuda", "git": {"commit": "b" * 40, "dirty": True}},
    }
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01}, seeds=range(4), environments=other))
    for words in (
        "Runs differ in PyTorch version: 2.8.0 (wide, seed 2); 2.9.0 (all others).",
        "Runs differ in CPU capability: AVX512 (wide, seed 2); AVX2 (all others).",
        "Runs differ in device: cuda (plain, seed 0); cpu (all others).",
    ):
        assert words in warnings(page)
    assert "NumPy" not in warnings(page) and "git" not in warnings(page)
    for words in (
        "bbbbbbbbbbbb (plain, seed 0); aaaaaaaaaaaa (all others)",
        "yes (plain, seed 0); no (all others)",
    ):
        assert words in page.text  # where the results come from: what matters of it is in the addresses


def test_a_run_that_was_continued_elsewhere_is_flagged(tmp_path: Path) -> None:
    moved = {("wide", 2): {"earlier": [{"versions": {"torch": "2.8.0"}}]}}
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01}, seeds=range(4), environments=moved))
    words = (
        "Interrupted and continued in another environment (see `earlier` in environment.json): wide, seed 2."
    )
    assert words in warnings(page)


def test_missing_environments_are_said(tmp_path: Path) -> None:
    folder = make(tmp_path, Made({"plain": 0, "wide": 0.01}, seeds=range(3)))
    (tmp_path / "train" / train_address(1) / "seed-2" / "environment.json").unlink()
    (tmp_path / "train" / train_address(0) / "seed-0" / "environment.json").write_text("{")
    page = page_of(folder, tmp_path)
    assert "No environment is recorded for plain, seed 0; wide, seed 2." in warnings(page)


def test_nothing_to_warn_of_is_no_warning(tmp_path: Path) -> None:
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01}))
    assert page.all("aside") == []


def test_a_partial_report_and_a_lost_baseline(tmp_path: Path) -> None:
    lost = {("plain", 1): "RuntimeError: out of memory", ("wide", 2): "was not run"}
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01, "deep": 0}, seeds=range(5), lost=lost))
    for words in (
        "This is a partial report: 2 of 15 runs have no result.",
        "No result: plain, seed 1: RuntimeError: out of memory.",
        "No result: wide, seed 2: was not run.",
        "No pair of wide and plain: seeds 1, 2.",
        "No pair of deep and plain: seed 1.",
    ):
        assert words in warnings(page)


def test_a_quick_try_is_no_evidence(tmp_path: Path) -> None:
    made = Made(
        {"plain": 0, "wide": 0.05},
        seeds=range(2),
        epochs=1,
        noise=0.001,
        metric="score",
        settings={"smoke": True},
    )
    folder = make(tmp_path, made)
    page = page_of(folder, tmp_path)
    assert compared(folder)["comparisons"][0]["verdict"] == "better"
    assert "This is a quick try: one epoch, two seeds — not evidence." in warnings(page)
    assert "inconclusive A quick try, not evidence. wide beats plain" in re.sub(r"\s+", " ", page.text)


def test_one_variant_is_described(tmp_path: Path) -> None:
    folder = make(tmp_path, Made({"plain": 0}))
    page = page_of(folder, tmp_path)
    assert re.search(r"plain: accuracy \d\d\.\d\d ± 0\.\d\d % \(mean ± sd over 10 seeds\)\.", page.text)
    assert "t-test" not in page.text
    assert not (folder / "tables/comparisons.csv").exists()


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (Made({"plain": 0, "same": 0.0, "a": 0}, noise=0), "No variant could be tested against plain."),
        (Made({"plain": 0, "wide": 0.0, "a": 0}), "No variant could be shown to differ from plain."),
        (Made({"plain": 0, "tiny": -0.05, "a": 0}), "No variant was shown to beat plain; tiny is worse."),
        (Made({"plain": 0, "tiny": -0.05}), "worse tiny is worse than plain in accuracy: −5"),
        (
            Made({"plain": 0, "same": 0.0, "a": 0}, comparisons={"margin": 0.1}),
            "same and a are equivalent to plain in accuracy.",
        ),
        (Made({"plain": 0, "wide": 0.01}, seeds=[5]), "degenerate No test of wide against plain"),
    ],
)
def test_other_verdicts(tmp_path: Path, made: Made, verdict: str) -> None:
    page = written(tmp_path, made)
    assert verdict in re.sub(r"\s+", " ", page.text)
    assert not re.search(r"\bnan\b", page.text.lower())
    assert "None" not in page.text


def test_a_variant_without_any_result(tmp_path: Path) -> None:
    lost = {("wild", seed): "diverged in epoch 2" for seed in range(10)}
    page = written(tmp_path, Made({"plain": 0, "wild": 0, "wide": 0.01}, lost=lost))
    assert "No result: wild, seeds 0–9: diverged in epoch 2." in warnings(page)
    assert "0–9 (0 of 10 finished)" in page.text
    assert "wide beats plain" in page.text


def test_no_result_at_all(tmp_path: Path) -> None:
    lost = {(name, seed): "diverged in epoch 1" for name in ("plain", "wide") for seed in range(10)}
    page = written(tmp_path, Made({"plain": 0, "wide": 0}, lost=lost))
    assert page.all("svg") == []
    assert "scripts/train.py" not in page.text


def test_the_best_of_several_was_not_tested_against_the_others(tmp_path: Path) -> None:
    page = written(tmp_path, Made({"plain": 0, "good": 0.008, "better": 0.02}))
    assert "Best: better — beats plain" in page.text
    assert "Also better than plain: good. Of these, better has the largest gain" in page.text


def test_a_loss_is_better_when_it_is_lower(tmp_path: Path) -> None:
    made = Made({"plain": 0, "focal": -0.02, "a": 0}, metric="loss", higher_is_better=False, level=0.123)
    folder = make(tmp_path, made)
    page = page_of(folder, tmp_path)
    assert "Best: focal — beats plain in loss: −0.0" in page.text
    assert "(lower is better; 95 % CI [−0.0" in page.text
    assert re.search(r"0\.1\d\d ± 0\.00\d\d\d", page.text)


def test_the_command_names_the_best_variant_and_a_run_that_finished(tmp_path: Path) -> None:
    made = Made({"plain": 0, "wide": 0.02}, lost={("wide", 0): "diverged in epoch 1"})
    folder = make(tmp_path, made)
    page = page_of(folder, tmp_path)
    recipe_file = f'"$ASSAY_RESULTS"/train/{train_address(1)}/recipe.yaml'
    assert f"python scripts/train.py --recipe {recipe_file} --seed 1 --out again" in page.text
    assert str(tmp_path) not in page.source


def test_a_split_by_each_seed_is_no_secret(tmp_path: Path) -> None:
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01}, data={"split_per_run": True}))
    assert "Each seed splits the data anew" in warnings(page)
    assert "360 test, split anew by each seed" in page.text
    assert "(Nadeau & Bengio, 2003)" in page.text


def test_different_data_is_flagged(tmp_path: Path) -> None:
    folder = make(tmp_path, Made({"plain": 0, "wide": 0.01}))
    study = next(tmp_path.glob("aggregate/study/*/study.json"))
    described = json.loads(study.read_text())
    described["variants"][1] |= {"data": {"source": "wine", "digest": "0" * 64}, "parameters": None}
    del described["variants"][1]["addresses"]["evaluate"]
    study.write_text(json.dumps(described))
    seal(study.parent)
    page = page_of(folder, tmp_path)
    assert "The variants do not all use the same data" in warnings(page)
    assert "on data that differ between variants" in page.text


@pytest.mark.parametrize("name", ["NA", "1e3", "", "true", " "])
def test_names_that_look_like_something_else(tmp_path: Path, name: str) -> None:
    page = written(tmp_path, Made({"plain": 0, name: 0.02}))
    assert f"{name} beats plain by" in page.text


def test_a_metric_beyond_one_is_not_shown_in_percent(tmp_path: Path) -> None:
    page = written(tmp_path, Made({"plain": 0, "wide": 0.5}, metric="score", level=3.2, noise=0.05))
    assert re.search(r"wide beats plain by 0\.\d\d+ in score, 95 % CI", page.text)
    assert re.search(r"plain\s*3\.\d\d ± 0\.0\d\d\d\s*baseline", page.text)


def test_the_only_comparison_is_not_every_comparison(tmp_path: Path) -> None:
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01}, lost={("plain", 4): "diverged in epoch 2"}))
    assert "No pair of wide and plain: seed 4." in warnings(page)
    assert "after Holm" not in page.text


def test_what_all_comparisons_lack_is_said_once(tmp_path: Path) -> None:
    made = Made({"plain": 0, "wide": 0.01, "deep": 0}, lost={("plain", 4): "diverged in epoch 2"})
    assert "No pair in any comparison: seed 4." in warnings(written(tmp_path, made))


def test_a_pair_without_a_value_has_a_reason(tmp_path: Path) -> None:
    folder = make(tmp_path, Made({"plain": 0, "wide": 0.01}))
    path = next(tmp_path.glob("compare/*/comparisons.json"))
    described = json.loads(path.read_text())
    described["comparisons"][0]["dropped"] = [{"seed": 7, "reason": "wide: accuracy is inf"}]
    path.write_text(json.dumps(described))
    seal(path.parent)
    said = warnings(page_of(folder, tmp_path))
    assert "No pair of wide and plain: seed 7 (wide: accuracy is inf)." in said
