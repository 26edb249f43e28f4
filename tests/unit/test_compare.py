"""The compare stage: from anyone's table of runs to comparisons in numbers and words."""

from __future__ import annotations

import csv
import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small
from assay.digest import file_digest
from assay.errors import UserError
from assay.receipt import file_digests, write_receipt
from assay.recipe import Recipe, to_yaml
from assay.results.compare import COLUMNS, compare, write_comparisons
from assay.settings.stages import CompareSettings
from scipy import stats
from statsmodels.stats.multitest import multipletests

EXAMPLES = {
    example["name"]: example
    for example in json.loads((Path(__file__).parent / "data/worked_examples.json").read_text())
}
SCRIPT = Path(__file__).parents[2] / "scripts" / "compare.py"
HEADER = ("variant", "seed", "metric", "value", "status")
PLAIN = [0.90, 0.91, 0.92, 0.915, 0.905]
Row = tuple[Any, ...]


def rows(variant: str, values: list[Any], metric: str = "accuracy") -> list[Row]:
    return [(variant, seed, metric, value, "finished") for seed, value in enumerate(values)]


def table(path: Path, *parts: list[Row], header: tuple[str, ...] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *(row for part in parts for row in part)])
    return path


def settings(**changes: Any) -> CompareSettings:
    base: dict[str, Any] = {
        "baseline": "plain",
        "metric": "accuracy",
        "higher_is_better": True,
        "alpha": 0.05,
    }
    return CompareSettings(**(base | changes))


def only(result: dict[str, Any]) -> dict[str, Any]:
    comparisons: list[dict[str, Any]] = result["comparisons"]
    assert len(comparisons) == 1
    return comparisons[0]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_sleep_data_and_its_sentence(tmp_path: Path) -> None:
    example = EXAMPLES["r_sleep_paired_t"]
    runs = table(
        tmp_path / "runs.csv",
        rows("plain", example["data"]["y"], "hours"),
        rows("drug", example["data"]["x"], "hours"),
    )
    found = only(compare(runs, settings(metric="hours")))
    for key in ("t", "df", "p", "ci_low", "ci_high"):
        assert found[key] == pytest.approx(example["exact"][key], rel=1e-12)
    assert found["p_adjusted"] == found["p"]
    assert (found["wins"], found["losses"], found["ties"]) == (0, 9, 1)
    assert found["verdict"] == "worse"
    assert found["sentence"] == (
        "drug is worse than plain in hours: −1.58, 95 % CI [−2.46, −0.70], t(9) = −4.06, p = .003; "
        "better on 0 of 10 seeds."
    )
    found = only(compare(runs, settings(metric="hours", higher_is_better=False)))
    assert (found["wins"], found["losses"], found["verdict"]) == (9, 0, "better")
    assert found["sentence"].startswith(
        "drug beats plain in hours: −1.58 (lower is better), 95 % CI [−2.46, −0.70], t(9) = −4.06"
    )


def test_every_number_agrees_with_scipy_and_statsmodels(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    arms = {
        name: generator.normal(0.8 + shift, 0.02, 8)
        for name, shift in zip("pabcd", (0, 0, 0.01, 0.03, 0.1), strict=True)
    }
    runs = table(tmp_path / "runs.csv", *(rows(name, values.tolist()) for name, values in arms.items()))
    result = compare(runs, settings(baseline="p", alpha=0.1))
    tests = [stats.ttest_rel(arms[name], arms["p"]) for name in "abcd"]
    adjusted = multipletests([test.pvalue for test in tests], method="holm")[1]
    assert [c["variant"] for c in result["comparisons"]] == list("abcd")
    for found, test, p_adjusted in zip(result["comparisons"], tests, adjusted, strict=True):
        interval = test.confidence_interval(0.9)
        assert found["t"] == pytest.approx(test.statistic)
        assert found["p"] == pytest.approx(test.pvalue)
        assert found["p_adjusted"] == pytest.approx(p_adjusted)
        assert (found["ci_low"], found["ci_high"]) == pytest.approx((interval.low, interval.high))
        direction = "better" if test.statistic > 0 else "worse"
        assert found["verdict"] == (direction if p_adjusted <= 0.1 else "inconclusive")
        assert "90 % CI" in found["sentence"]
        assert "after Holm" in found["sentence"]
    assert {"better", "inconclusive"} <= {found["verdict"] for found in result["comparisons"]}
    assert [(s["variant"], s["n"]) for s in result["summary"]] == [(name, 8) for name in "pabcd"]
    for summary in result["summary"]:
        assert summary["mean"] == pytest.approx(arms[summary["variant"]].mean())
        assert summary["sd"] == pytest.approx(arms[summary["variant"]].std(ddof=1))


def test_fractions_are_shown_in_percentage_points(tmp_path: Path) -> None:
    wide = [0.911, 0.917, 0.93, 0.924, 0.905]
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("wide", wide))
    assert only(compare(runs, settings()))["sentence"] == (
        "wide beats plain by 0.74 percentage points of accuracy, 95 % CI [0.19, 1.29], t(4) = 3.77, "
        "p = .020; better on 4 of 5 seeds."
    )
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("wide", [*wide[:4], 1.5]))
    assert "percentage" not in only(compare(runs, settings()))["sentence"]
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN, "loss"), rows("wide", wide, "loss"))
    found = only(compare(runs, settings(metric="loss", higher_is_better=False)))
    assert found["sentence"].startswith("wide is worse than plain in loss: +0.0074 (lower is better), ")


def test_no_difference_shown_is_not_called_no_difference(tmp_path: Path) -> None:
    same = [0.905, 0.90, 0.93, 0.91, 0.91]
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("same", same))
    found = only(compare(runs, settings()))
    assert found["verdict"] == "inconclusive"
    assert found["sentence"] == (
        "No difference in accuracy between same and plain could be shown: +0.10 percentage points, "
        "95 % CI [−0.92, 1.12], t(4) = 0.27, p = .80; better on 3 of 5 seeds."
    )


def test_what_holm_takes_away_is_said(tmp_path: Path) -> None:
    wide, same = [0.911, 0.917, 0.93, 0.924, 0.905], [0.905, 0.90, 0.93, 0.91, 0.91]
    others = [rows(name, same) for name in "ab"]
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("wide", wide), *others)
    found = compare(runs, settings())["comparisons"][0]
    assert found["verdict"] == "inconclusive"
    assert "p = .059 after Holm (p = .020 alone);" in found["sentence"]


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        (PLAIN, "identical", "every pair is exactly equal (n = 5): the difference between the two may"),
        (
            [value - 0.1 for value in PLAIN],
            "degenerate_zero_variance",
            "the difference is −10.00 percentage points on all 5 seeds but for rounding",
        ),
        ([0.95], "n_lt_2", "there is one, with a difference of +5.00 percentage points. 4 seeds have"),
        ([""], "n_lt_2", "it takes at least two pairs, and there is none. 5 seeds have no pair."),
    ],
)
def test_without_a_test_the_sentence_says_why(
    tmp_path: Path, values: list[Any], status: str, words: str
) -> None:
    wide = rows("wide", [0.911, 0.917, 0.93, 0.924, 0.905])
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("odd", values), wide)
    odd, other = compare(runs, settings())["comparisons"]
    assert (odd["status"], odd["verdict"]) == (status, "degenerate")
    assert all(odd[key] is None for key in ("t", "df", "p", "p_adjusted", "d_z", "ci_low", "ci_high"))
    assert odd["sentence"].startswith("No test of odd against plain in accuracy: ")
    assert words in odd["sentence"]
    assert other["p_adjusted"] == other["p"], "what was not tested is not adjusted for"
    assert "Holm" not in other["sentence"]
    write_comparisons(compare(runs, settings()), tmp_path)
    assert "NaN" not in (tmp_path / "comparisons.json").read_text()


def test_a_pair_without_two_values_is_dropped_and_says_why(tmp_path: Path) -> None:
    runs = table(
        tmp_path / "runs.csv",
        rows("plain", [0.9, 0.91, 0.92, 0.93, "nan", "-inf", 0.9]),
        [("plain", 7, "", "", "was not run"), ("plain", 8, "accuracy", 0.9, "finished")],
        rows("wide", [0.92, 0.92, 0.95, "NA"]),
        [("wide", 4, "", "", "diverged in epoch 3"), ("wide", 5, "accuracy", 0.9, "finished")],
        [("wide", 6, "accuracy", "NaN", "diverged in epoch 1"), ("wide", 8, "loss", 0.9, "finished")],
    )
    found = only(compare(runs, settings()))
    assert found["seeds"] == [0, 1, 2]
    assert found["differences"] == pytest.approx([0.02, 0.01, 0.03])
    assert found["dropped"] == [
        {"seed": 3, "reason": "wide: no accuracy"},
        {"seed": 4, "reason": "plain: accuracy is nan; wide: diverged in epoch 3"},
        {"seed": 5, "reason": "plain: accuracy is -inf"},
        {"seed": 6, "reason": "wide: diverged in epoch 1"},
        {"seed": 7, "reason": "plain: was not run; wide: no run with this seed"},
        {"seed": 8, "reason": "wide: no accuracy"},
    ]
    assert found["sentence"].endswith("better on 3 of 3 seeds. 6 seeds have no pair.")


def test_a_study_in_which_every_run_failed_still_has_comparisons(tmp_path: Path) -> None:
    failed = [[(name, seed, "", "", "diverged") for seed in (0, 1)] for name in ("plain", "wide")]
    result = compare(table(tmp_path / "runs.csv", *failed), settings())
    assert only(result)["status"] == "n_lt_2"
    summary = result["summary"][0]
    assert (summary["n"], summary["failed"], summary["mean"], summary["iqm"]) == (0, 2, None, None)
    write_comparisons(result, tmp_path)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a,b", "NA", "1", "", 'q"q', "zwei\nZeilen", "é {x}"]
)
def test_variants_may_have_any_name(tmp_path: Path, name: str) -> None:
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows(name, [0.8, 0.82, 0.9, 0.8, 0.7]))
    result = compare(runs, settings())
    assert only(result)["variant"] == name
    assert only(compare(runs, settings(baseline=name)))["variant"] == "plain"
    write_comparisons(result, tmp_path)
    assert json.loads((tmp_path / "comparisons.json").read_text()) == result
    with (tmp_path / "comparisons.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["variant"] == name
    assert row["sentence"] == only(result)["sentence"]


def test_files_hold_the_same_whatever_the_order_of_a_variants_rows(tmp_path: Path) -> None:
    generator = random.Random(0)
    parts = [rows(n, [generator.random() for _ in range(12)]) for n in ("plain", "b", "a")]
    parts[2][3] = ("a", 3, "", "", "failed")
    parts[1] += rows("b", [1.0] * 12, "loss")
    texts = set()
    for attempt in range(4):
        out = tmp_path / str(attempt)
        runs = table(tmp_path / f"{attempt}.csv", *parts)
        write_comparisons(compare(runs, settings()), out)
        texts.add(tuple((out / f"comparisons.{kind}").read_bytes() for kind in ("json", "csv")))
        for part in parts:
            generator.shuffle(part)
    assert len(texts) == 1
    result = json.loads((tmp_path / "0" / "comparisons.json").read_text())
    assert [s["variant"] for s in result["summary"]] == ["plain", "b", "a"]
    assert [c["variant"] for c in result["comparisons"]] == ["b", "a"]
    assert result["comparisons"][0]["seeds"] == list(range(12)), "10 after 9, not after 1"


def test_both_files_hold_the_same_keys(tmp_path: Path) -> None:
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("wide", PLAIN[::-1]))
    result = compare(runs, settings())
    write_comparisons(result, tmp_path)
    only_in_json = ("higher_is_better", "seeds", "differences", "dropped", "bayes", "worst_case", "notes")
    assert set(only(result)) - set(only_in_json) == set(COLUMNS)
    with (tmp_path / "comparisons.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert list(row) == list(COLUMNS)
    assert float(row["mean_variant"]) == only(result)["mean_variant"]


def test_seeds_are_integers_or_labels(tmp_path: Path) -> None:
    plain = [("plain", seed, "accuracy", n / 10, "") for n, seed in enumerate(("10", "9.0", "x", "007"))]
    wide = [("wide", seed, "accuracy", n / 9, "") for n, seed in enumerate(("9", "x", "7", "10"))]
    found = only(compare(table(tmp_path / "runs.csv", plain, wide), settings()))
    assert found["seeds"] == [7, 9, 10, "x"]


def test_tables_from_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(
        "\ufeffvalue, metric, seed, variant,host\r\n0.9, f1, 1,plain,h\r\n\r\n0.8,f1,2,plain,h\r\n"
        "0.95,f1,1,wide,h\r\n.9,f1,2,wide,h\r\n"
    )
    assert only(compare(path, settings(metric="f1")))["differences"] == pytest.approx([0.05, 0.1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "variant,seed,metric\n",
            "must have one column 'value'; its columns are: variant, seed, metric",
        ),
        ("variant,seed,value,metric,value\n", "must have one column 'value'"),
        ("", "must have one column 'variant'"),
        ("variant,seed,metric,value\n", "holds no run"),
        ("variant,seed,metric,value\nplain,0,accuracy,0,9\n", "line 2: has 5 cells, not 4"),
        ("variant,seed,metric,value\nplain,0,accuracy,many\n", "line 2: value: 'many' is not a number"),
        ("variant,seed,metric,value\nplain,,accuracy,1\n", "line 2: seed: is empty"),
        ("variant,seed,metric,value\nplain,0,accuracy,\xff\n", "is not a CSV file in UTF-8"),
        ('variant,seed,metric,value\n"plain,0,accuracy,1\n', "is not a CSV file in UTF-8"),
        (
            "variant,seed,metric,value\nplain,3,accuracy,1\nplain,4,accuracy,1\nplain,3,accuracy,1\n",
            "variant 'plain', seed 3: accuracy stands twice, in lines 2 and 4",
        ),
        (
            "variant,seed,metric,value\nplain,3,,\nplain,3,,\n",
            "variant 'plain', seed 3: a row without a metric stands twice, in lines 2 and 3",
        ),
    ],
)
def test_a_wrong_table_is_named_with_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=re.escape(f"{path}: {message}")):
        compare(path, settings())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"baseline": "plane"}, "baseline: 'plane' is not in the table; did you mean 'plain'?"),
        ({"metric": "acuracy"}, "metric: 'acuracy' is not in the table; did you mean 'accuracy'?"),
        ({"exclude": ["plane"]}, "exclude: 'plane' is not in the table; did you mean 'plain'?"),
        ({"exclude": ["plain"]}, "exclude.0: 'plain' is the baseline"),
        ({"looks": [4, 9]}, "holds 5 seeds, which is none of looks: [4, 9]"),
        ({"bayesian": True}, "bayesian: needs a margin"),
    ],
)
def test_wrong_settings_lead_to_right_ones(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("wide", PLAIN))
    with pytest.raises(UserError, match=re.escape(message)):
        compare(runs, settings(**changes))


@pytest.mark.parametrize("n", [2, 5, 30])
def test_words_never_contradict_the_verdict(tmp_path: Path, n: int) -> None:
    generator = np.random.default_rng(n)
    for _ in range(25):
        spread = 10.0 ** generator.integers(-12, 12)
        plain = generator.normal(0, spread, n)
        wide = plain + generator.normal(spread, spread, n)
        runs = table(tmp_path / "runs.csv", rows("plain", plain.tolist()), rows("wide", wide.tolist()))
        alpha = float(generator.choice([0.2, 0.05, 0.01, 0.0005]))
        found = only(compare(runs, settings(alpha=alpha)))
        low, high, p = re.search(
            r"CI \[(.+), (.+)\], .* p ([<=>] \.\d+)", found["sentence"].replace("−", "-")
        ).groups()  # type: ignore[union-attr]
        scale = 100 if "percentage points" in found["sentence"] else 1
        tolerance = scale * (found["ci_high"] - found["ci_low"]) / 20
        assert float(low) == pytest.approx(scale * found["ci_low"], abs=tolerance)
        assert float(high) == pytest.approx(scale * found["ci_high"], abs=tolerance)
        shown = float(p[2:])
        if p.startswith("="):
            assert (shown <= alpha) == (found["verdict"] != "inconclusive")
            assert shown == pytest.approx(found["p"], abs=0.005)
        elif p.startswith("<"):
            assert found["p"] < 0.001
        assert "nan" not in found["sentence"]


def test_by_hand(tmp_path: Path) -> None:
    wide = rows("wide", [0.911, 0.917, 0.93, 0.924, 0.905])
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), wide)
    done = run("--runs", runs, "--out", tmp_path / "out", "--higher-is-better")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads((tmp_path / "out" / "comparisons.json").read_text())
    assert result == compare(runs, settings()), "baseline and metric are the table's first and only"
    assert done.stdout == only(result)["sentence"] + "\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("comparisons.csv", "comparisons.json"),
    ]
    named = ("--baseline", "wide", "--metric", "accuracy", "--alpha", "0.01", "--lower-is-better")
    assert run("--runs", runs, "--out", tmp_path / "named", *named).returncode == 0
    expected = compare(runs, settings(baseline="wide", alpha=0.01, higher_is_better=False))
    assert json.loads((tmp_path / "named" / "comparisons.json").read_text()) == expected


def test_by_hand_mistakes_are_one_sentence(tmp_path: Path) -> None:
    parts = rows("plain", PLAIN), rows("plain", PLAIN, "loss")
    runs = table(tmp_path / "runs.csv", *parts)
    common = ("--runs", runs, "--out", tmp_path / "out")
    for arguments, words in (
        (("--higher-is-better",), "metric: give --metric; the table holds: accuracy, loss"),
        (("--higher-is-better", "--metric", "loss", "--baseline", "x"), "valid: plain"),
        (("--higher-is-better", "--metric", "loss", "--secondary", "acuracy"), "did you mean 'accuracy'?"),
        (("--higher-is-better", "--metric", "loss", "--alpha", "nan"), "alpha: nan is not a finite"),
        (("--higher-is-better", "--runs", tmp_path / "no.csv"), "cannot be read"),
    ):
        done = run(*common, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
    undirected = run(*common, "--metric", "loss")
    assert undirected.returncode == 2
    assert "give --higher-is-better or --lower-is-better" in undirected.stderr
    alone = run(*common, "--metric", "loss", "--lower-is-better")
    assert "holds one variant: there is nothing to compare" in alone.stdout
    assert (tmp_path / "out" / "comparisons.csv").read_text() == ",".join(COLUMNS) + "\n"
    assert "--baseline" in run("--help").stdout


def test_with_a_recipe(tmp_path: Path) -> None:
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("wide", PLAIN[::-1]))
    recipe = Recipe("compare", settings(alpha=0.1), {"aggregate/study": "0" * 12 + "-" + "0" * 8})
    path, out = tmp_path / "recipe.yaml", tmp_path / "out"
    path.write_text(to_yaml(recipe))
    unsealed = run("--recipe", path, "--runs", runs, "--out", out)
    assert unsealed.returncode == 1 and "no finished result" in unsealed.stderr
    write_receipt(runs.parent, small.stand_in("aggregate/study", "a"), file_digests(runs.parent, [runs.name]))
    done = run("--recipe", path, "--runs", runs, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads((out / "comparisons.json").read_text())
    assert result == compare(runs, settings(alpha=0.1))
    names = ("comparisons.csv", "comparisons.json")
    assert json.loads((out / "receipt.json").read_text()) == {
        "stage": "compare",
        "address": recipe.address,
        "status": "finished",
        "digests": {name: file_digest(out / name) for name in names},
    }


def test_with_a_recipe_that_is_not_right_nothing_is_written(tmp_path: Path) -> None:
    runs = table(tmp_path / "runs.csv", rows("plain", PLAIN), rows("wide", PLAIN))
    path, out = tmp_path / "recipe.yaml", tmp_path / "out"
    common = ("--recipe", path, "--runs", runs, "--out", out)
    old = {"assay.results.compare": "0" * 64}
    path.write_text(to_yaml(Recipe("compare", settings(), {}, modules=old)))
    assert "the code changed while the workflow ran" in run(*common).stderr
    path.write_text("stage: aggregate/study\nsettings: {variants: [a]}\n")
    assert "stage: must be 'compare', not 'aggregate/study'" in run(*common).stderr
    assert run(*common, "--alpha", "0.1").returncode == 2
    assert {path.name for path in out.iterdir()} == {".claim", "failure.json"}
