"""What surrounds a single test: families, margins, looks, lost pairs, and words for each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assay.results.compare import compare
from assay.results.comparison import NUMBERS
from assay.statistics.max_t import max_t
from conftest import ROOT
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW
from test_compare import only, rows, run, settings, table

GENERATOR = np.random.default_rng(5)
PLAIN = (0.9 + GENERATOR.normal(0, 0.01, 12)).tolist()
NEAR = [value + shift for value, shift in zip(PLAIN, GENERATOR.normal(0.0005, 0.001, 12), strict=True)]
BETTER = [value + shift for value, shift in zip(PLAIN, GENERATOR.normal(0.02, 0.01, 12), strict=True)]
ODD = [value + shift for value, shift in zip(PLAIN, GENERATOR.normal(0.0, 0.02, 12), strict=True)]


def write(path: Path, *parts: list[tuple[Any, ...]]) -> Path:
    return table(path / "runs.csv", *parts)


def arms(path: Path, **values: list[Any]) -> Path:
    return write(path, *(rows(name, own) for name, own in values.items()))


def test_within_a_margin_variants_are_equivalent(tmp_path: Path) -> None:
    runs = arms(tmp_path, plain=PLAIN, near=NEAR, odd=ODD)
    near, odd = compare(runs, settings(margin=0.005))["comparisons"]
    data = DescrStatsW(np.subtract(NEAR, PLAIN))
    assert near["p_tost"] == pytest.approx(data.ttost_mean(-0.005, 0.005)[0])
    interval = data.tconfint_mean(alpha=0.1)
    assert (near["equivalence_low"], near["equivalence_high"]) == pytest.approx(interval)
    assert near["p_tost_adjusted"] == pytest.approx(min(1, 2 * near["p_tost"]))
    assert (near["verdict"], odd["verdict"]) == ("equivalent", "inconclusive")
    assert near["sentence"].startswith(
        "near and plain are equivalent in accuracy within ±0.5 percentage points: "
    )
    assert ", 90 % CI [" in near["sentence"] and "TOST p < .001 after Holm" in near["sentence"]
    assert compare(runs, settings())["comparisons"][0]["p_tost"] is None


def test_a_difference_that_is_there_and_does_not_matter_says_both(tmp_path: Path) -> None:
    shifted = [
        value + 0.001 + shift for value, shift in zip(PLAIN, np.subtract(NEAR, PLAIN) / 5, strict=True)
    ]
    found = only(compare(arms(tmp_path, plain=PLAIN, near=shifted), settings(margin=0.005)))
    assert found["verdict"] == "better"
    assert any("within the margin of ±0.5 percentage points:" in note for note in found["notes"])


def test_secondary_metrics_are_a_family_of_their_own(tmp_path: Path) -> None:
    others = {"f1": True, "loss": False}
    parts = [
        rows(name, (np.asarray(own) * factor).tolist(), metric)
        for metric, factor in (("accuracy", 1), ("f1", 0.9), ("loss", -1))
        for name, own in (("plain", PLAIN), ("better", BETTER), ("odd", ODD))
    ]
    result = compare(write(tmp_path, *parts), settings(secondary=others))
    found = result["secondary"]
    assert [(c["metric"], c["variant"]) for c in found] == [
        *(("f1", "better"), ("f1", "odd"), ("loss", "better"), ("loss", "odd")),
    ]
    adjusted = multipletests([c["p"] for c in found], method="fdr_bh")[1]
    assert [c["p_adjusted"] for c in found] == pytest.approx(adjusted)
    assert [c["verdict"] for c in found[::2]] == ["better", "better"], "a lower loss is better"
    assert "after Benjamini–Hochberg" in found[0]["sentence"]
    assert [c["p_adjusted"] for c in result["comparisons"]] == pytest.approx(
        multipletests([c["p"] for c in result["comparisons"]], method="holm")[1]
    )


def test_a_metric_that_no_run_measured_is_left_out(tmp_path: Path) -> None:
    """A task may have metrics that only some models give."""
    runs = arms(tmp_path, plain=PLAIN, better=BETTER)
    assert compare(runs, settings(secondary={"codebook_use": True}))["secondary"] == []


def test_all_pairs_or_without_some(tmp_path: Path) -> None:
    runs = arms(tmp_path, plain=PLAIN, better=BETTER, odd=ODD)
    found = compare(runs, settings(design="all_pairs"))["comparisons"]
    assert [(c["baseline"], c["variant"]) for c in found] == [
        *(("plain", "better"), ("plain", "odd"), ("better", "odd")),
    ]
    assert found[2]["mean_difference"] == pytest.approx(np.mean(ODD) - np.mean(BETTER))
    assert [c["variant"] for c in compare(runs, settings(exclude=["better"]))["comparisons"]] == ["odd"]


def test_max_t_uses_what_comparisons_share(tmp_path: Path) -> None:
    runs = arms(tmp_path, plain=PLAIN, better=BETTER, odd=ODD, near=NEAR)
    holm, joint = (compare(runs, settings(adjustment=how))["comparisons"] for how in ("holm", "max_t"))
    expected = max_t([dict(zip(c["seeds"], c["differences"], strict=True)) for c in joint])
    for one, other, p in zip(holm, joint, expected, strict=True):
        assert one["p"] == other["p"] <= other["p_adjusted"] == max(p, one["p"])
    assert joint[0]["p_adjusted"] == 2 / 2**12, "all twelve seeds, and no other comparison, are as clear"
    assert "after max-t" in joint[1]["sentence"]


def test_looks_cost_what_they_cost(tmp_path: Path) -> None:
    runs = arms(tmp_path, plain=PLAIN, better=[p + 0.4 * (b - p) for p, b in zip(PLAIN, BETTER, strict=True)])
    plain = only(compare(runs, settings()))
    early = only(compare(runs, settings(looks=[12, 24])))
    late = only(compare(runs, settings(looks=[6, 12])))
    assert plain["p_sequential"] is None
    assert plain["p"] == early["p"] < late["p_sequential"] < early["p_sequential"] == early["p_adjusted"]
    assert early["ci_low"] < late["ci_low"] < plain["ci_low"]
    assert "95 % repeated CI" in early["sentence"]
    result = compare(runs, settings(looks=[6, 12], spending="pocock"))
    assert result["looks"] == {"planned": [6, 12], "look": 2, "spending": "pocock"}


def test_seeds_that_split_the_data_widen_the_interval(tmp_path: Path) -> None:
    runs = arms(tmp_path, plain=PLAIN, odd=ODD)
    usual, found = (only(compare(runs, settings(resampling=ratio))) for ratio in (0.0, 0.25))
    widened = (1 / 12 + 0.25) ** 0.5 / (1 / 12) ** 0.5
    assert found["standard_error"] == pytest.approx(usual["standard_error"] * widened)
    assert found["t"] == pytest.approx(usual["t"] / widened)
    assert found["power_mde"] == pytest.approx(usual["power_mde"] * widened)
    for key in ("d_z_ci_low", "p_sign_flip", "p_wilcoxon", "p_normality"):
        assert found[key] is None and usual[key] is not None, key


def test_lost_pairs_have_a_worst_case(tmp_path: Path) -> None:
    lost: list[Any] = [*BETTER]
    lost[3], lost[7] = "nan", ""
    plain: list[Any] = [*PLAIN]
    plain[7] = "inf"
    found = only(compare(arms(tmp_path, plain=plain, better=lost), settings()))
    usable = [v for v in (*plain, *lost) if isinstance(v, float)]
    one, other = list(PLAIN), list(BETTER)
    other[3] = other[7] = min(usable)
    one[7] = max(usable)
    expected = stats.ttest_rel(other, one)
    assert found["n"] == 10 and found["worst_case"]["n"] == 12
    assert found["worst_case"]["t"] == pytest.approx(expected.statistic)
    assert found["worst_case"]["p"] == pytest.approx(expected.pvalue)
    assert found["failures_differ"] is True
    assert found["notes"] == [
        "better and plain lack different numbers of seeds: those that are left may mislead."
    ]
    losses = compare(arms(tmp_path, plain=plain, better=lost), settings(higher_is_better=False))
    assert only(losses)["worst_case"]["mean_difference"] > found["worst_case"]["mean_difference"]
    whole = only(compare(arms(tmp_path, plain=PLAIN, better=BETTER), settings()))
    assert whole["worst_case"] is None and whole["failures_differ"] is False and whole["notes"] == []


def test_few_seeds_and_wild_ones_are_noted(tmp_path: Path) -> None:
    few = only(compare(arms(tmp_path, plain=PLAIN[:5], better=BETTER[:5]), settings()))
    assert "With 5 pairs, tests by signs cannot be significant: they end at p = .062." in few["notes"]
    wild = [*(np.asarray(PLAIN[:11]) + np.linspace(0.001, 0.0015, 11)), PLAIN[11] + 0.3]
    found = only(compare(arms(tmp_path, plain=PLAIN, wild=wild), settings()))
    assert found["p_normality"] < 0.001 and any("do not look normal" in note for note in found["notes"])


def test_directions_are_told_by_p_better_and_by_bayes(tmp_path: Path) -> None:
    runs = arms(tmp_path, plain=PLAIN, better=BETTER)
    changes = {"margin": 0.001, "bayesian": True}
    up, down = (only(compare(runs, settings(higher_is_better=way, **changes))) for way in (True, False))
    assert up["p_better"] == pytest.approx(up["p"] / 2) and down["p_better"] == pytest.approx(1 - up["p"] / 2)
    assert up["bayes"]["better"] > 0.99 and down["bayes"]["worse"] == up["bayes"]["better"]
    assert sum(up["bayes"].values()) == pytest.approx(1)
    assert up["probability_of_improvement"] == pytest.approx(1 - down["probability_of_improvement"])
    assert only(compare(runs, settings()))["bayes"] is None


def test_every_key_is_described(tmp_path: Path) -> None:
    result = compare(arms(tmp_path, plain=PLAIN, better=BETTER), settings())
    text = (ROOT / "docs/statistics.md").read_text()
    described = text[text.index("## comparisons.json") : text.index("## Sources")]
    for key in (*result, *result["summary"][0], *only(result), *NUMBERS):
        assert f"`{key}`" in described, f"docs/statistics.md does not describe {key}"
    assert f"Schema {result['schema']}." in described


def test_all_of_it_by_hand(tmp_path: Path) -> None:
    parts = [
        rows(name, own, metric)
        for metric in ("accuracy", "loss")
        for name, own in (("plain", PLAIN), ("better", BETTER), ("odd", ODD))
    ]
    runs, out = write(tmp_path, *parts), tmp_path / "out"
    done = run(
        *("--runs", runs, "--out", out, "--metric", "accuracy", "--higher-is-better", "--margin", "0.005"),
        *("--secondary", "loss:lower", "--exclude", "odd", "--looks", "12", "24", "--spending", "pocock"),
        *("--resampling", "0.25", "--power", "0.9", "--bayesian", "--alpha", "0.1"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    expected = compare(
        runs,
        settings(
            margin=0.005, secondary={"loss": False}, exclude=["odd"], looks=[12, 24], spending="pocock",
            resampling=0.25, power=0.9, bayesian=True, alpha=0.1,
        ),
    )  # fmt: skip
    assert json.loads((out / "comparisons.json").read_text()) == expected
