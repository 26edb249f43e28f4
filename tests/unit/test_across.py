"""Several data sets: ranks, tests and words from tables of runs and from studies, and the figures' files."""

from __future__ import annotations

import argparse
import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import stores
from assay.command import across as command
from assay.errors import UserError
from assay.plan import load_plan
from assay.receipt import file_digests, write_receipt
from assay.results.across import Question, across
from assay.results.across_tables import read_datasets
from assay.results.runs_table import Run, RunsTable
from scipy import stats
from test_ranks import DEMSAR

FOUR = ("plain", "m", "cf", "both")
Values = dict[str, list[float | None]]


def table(values: Values, metric: str = "error") -> RunsTable:
    """Variant → the values of seeds 0, 1, …; None is a run that diverged."""
    runs = {
        variant: {
            seed: Run({}, {"diverged"}) if value is None else Run({metric: value})
            for seed, value in enumerate(found)
        }
        for variant, found in values.items()
    }
    return RunsTable(runs, [metric] if values else [])


def demsar() -> dict[str, RunsTable]:
    """His 14 data sets; two seeds, of which neither alone has the ranks that their mean has."""
    return {
        f"d{place}": table(
            {
                v: [1 + r / 100 + n / 7, 1 + r / 100 - n / 7]
                for n, (v, r) in enumerate(zip(FOUR, row, strict=True))
            }
        )
        for place, row in enumerate(DEMSAR)
    }


def asked(**changes: Any) -> Question:
    return Question(**({"metric": "error", "higher_is_better": False} | changes))


def test_demsar_s_example_with_nemenyi() -> None:
    found = across(demsar(), asked())
    averages = {item["variant"]: item["average_rank"] for item in found["variants"]}
    assert averages == pytest.approx({"plain": 3.143, "m": 2.0, "cf": 2.893, "both": 1.964}, abs=5e-4)
    assert [cell["rank"] for cell in found["datasets"][5]["cells"]] == DEMSAR[5]
    assert found["critical_difference"] == pytest.approx(1.25, abs=5e-3)
    assert found["groups"] == [["both", "m", "cf", "plain"]]
    assert {test["verdict"] for test in found["comparisons"]} == {"inconclusive"}
    assert found["sentence"] == (
        "In error over 14 data sets, both has the best average rank of 4 variants, 1.96; the ranks differ, "
        "F(3, 39) = 4.19, p = .014 (Friedman, by permutation), but no two variants can be told apart (Nemenyi, ranks 1.25 apart)."
    )
    wide = across(demsar(), asked(alpha=0.1))
    assert wide["groups"] == [["both", "m", "cf"], ["cf", "plain"]]
    pairs = [(t["baseline"], t["variant"], t["verdict"]) for t in wide["comparisons"]]
    assert [pair for pair in pairs if pair[2] != "inconclusive"] == [
        *(("plain", "m", "better"), ("plain", "both", "better")),
    ]
    assert "and both ranks better than plain, and 1 other pair can be told apart" in wide["sentence"]


def test_demsar_s_example_with_holm_against_the_baseline() -> None:
    found = across(demsar(), asked(design="baseline"))
    tests = {test["variant"]: test for test in found["comparisons"]}
    assert {name: test["verdict"] for name, test in tests.items()} == {
        "m": "better", "cf": "inconclusive", "both": "better",
    }  # fmt: skip
    assert tests["both"]["p"] == pytest.approx(0.016, abs=5e-4)
    assert tests["m"]["rank_difference"] == pytest.approx(-1.143, abs=5e-4)
    assert (found["groups"], found["critical_difference"]) == ([["cf", "plain"]], None)
    assert found["sentence"].endswith("and m and both rank better than plain (Holm).")


def test_where_friedman_shows_nothing_no_pair_is_told_apart() -> None:
    rows = [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]]
    tables = {
        f"d{n}": table({v: [float(r)] for v, r in zip("abc", row, strict=True)}) for n, row in enumerate(rows)
    }
    for design in ("all_pairs", "baseline"):
        found = across(tables, asked(design=design))
        assert found["groups"] == [["a", "b", "c"]]
        assert {test["verdict"] for test in found["comparisons"]} == {"inconclusive"}
        assert (
            "a has the best average rank of 3 variants, 1.75, but the ranks differ by no more"
            in found["sentence"]
        )
    alike = {n: table({"a": [1.0], "b": [2.0], "c": [3.0]}) for n in "xy"}
    found = across(alike, asked(design="baseline", alpha=0.1))
    assert (found["friedman"]["p"], found["comparisons"][1]["p_adjusted"]) == pytest.approx(
        (1 / 6, 0.091), abs=1e-3
    )
    assert {test["verdict"] for test in found["comparisons"]} == {"inconclusive"}


def test_two_variants_are_compared_by_wilcoxon_and_by_signs() -> None:
    base = [0.5, 0.6, 0.7, 0.8, 0.4, 0.3, 0.9, 0.2]
    gains = [0.05, 0.04, 0.06, -0.01, 0.02, 0.03, 0.07, 0.0]
    tables = {
        f"d{n}": table({"a": [b], "b": [b + gain]}, "score")
        for n, (b, gain) in enumerate(zip(base, gains, strict=True))
    }
    for higher, verdict, wins in ((True, "better", 6), (False, "worse", 1)):
        found = across(tables, asked(metric="score", higher_is_better=higher))
        test = found["two_variants"]
        assert (found["status"], test["verdict"], test["wins"], test["ties"]) == (
            "two_variants",
            verdict,
            wins,
            1,
        )
        assert test["p_wilcoxon"] == pytest.approx(stats.wilcoxon([round(g, 2) for g in gains[:-1]]).pvalue)
        assert test["p_sign"] == pytest.approx(stats.binomtest(1, 7).pvalue)
    tied = across({n: table({"a": [0.5], "b": [0.5]}) for n in "xyz"}, asked())
    assert tied["sentence"] == "In error over 3 data sets, b and a tie on every one."


def test_degenerate_cases_get_words() -> None:
    one = across({"digits": table({"a": [1.0], "b": [3.0], "c": [2.0]})}, asked())
    assert (one["status"], one["comparisons"], one["friedman"]) == ("n_datasets_lt_2", [], None)
    assert one["sentence"] == "There is no test of ranks on one data set, digits: a, c and b."
    tied = across({n: table({"a": [1.0], "b": [1.0], "c": [1.0]}) for n in "xy"}, asked())
    assert (tied["status"], tied["groups"]) == ("all_tied", [["a", "b", "c"]])
    alike = across({n: table({"a": [1.0], "b": [2.0], "c": [3.0]}) for n in "wxyz"}, asked())
    assert "every data set ranks the variants alike (Friedman, p = .005, exact)" in alike["sentence"]
    few = across({n: table({"a": [1.0], "b": [2.0], "c": [3.0]}) for n in "xy"}, asked())
    assert few["notes"] == [
        "2 data sets with 3 variants cannot show a difference: the smallest p value that they could give is .17."
    ]
    json.dumps([one, tied, alike, few], allow_nan=False)


def test_what_is_missing_or_failed_is_named() -> None:
    tables = {
        "whole": table({"a": [1.0, 2.0], "b": [3.0, 4.0]}),
        "short": table({"a": [1.0]}),
        "failed": table({"a": [1.0], "b": [None, None]}),
        "partly": table({"a": [1.0, None], "b": [2.0, 3.0]}),
    }
    found = across(tables, asked())
    assert [row["dataset"] for row in found["datasets"]] == ["whole", "partly"]
    assert found["notes"][:3] == [
        "short was left out: it has no error of b (no run).",
        "failed was left out: it has no error of b (no run has a value).",
        "Runs without a value: 1 of 2 of a on partly; the means are of the others.",
    ]
    assert found["datasets"][1]["cells"][0] == {
        "variant": "a", "n": 1, "failed": 1, "mean": 1.0, "sd": None, "rank": 1.0,
    }  # fmt: skip
    shares = {item["variant"]: item["shares"] for item in found["profiles"]["variants"]}
    assert shares["a"][0] == 0.75, "of a's four runs one failed: it is above nothing"
    with pytest.raises(
        UserError, match=re.escape("no data set has error of all 2 variants; short: b: no run")
    ):
        across({"short": tables["short"], "failed": tables["failed"]}, asked())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variants": ["plane", "m"]}, "variant: 'plane' is not there; did you mean 'plain'?"),
        ({"baseline": "M"}, "baseline: 'M' is not there; valid: both, cf, m, plain"),
        ({"metric": "eror"}, "metric: 'eror' is not there; did you mean 'error'?"),
        ({"alpha": 1.0}, "alpha: must lie between 0 and 1, not 1.0"),
        ({"variants": ["m"]}, "there is one variant, 'm': it takes two or more to rank them"),
    ],
)
def test_wrong_questions_lead_to_right_ones(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        across(demsar(), asked(**changes))


def write(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_column_names_the_data_set_or_a_file_does(tmp_path: Path) -> None:
    rows = ["x,a,0,error,1,", "y,a,0,error,2,", "x,b,0,,,diverged", "y,b,0,error,3,"]
    one = write(tmp_path / "all.csv", "dataset,variant,seed,metric,value,status", *rows)
    found = read_datasets([one])
    assert {name: found[name].values("a", "error") for name in found} == {"x": {0: 1.0}, "y": {0: 2.0}}
    assert found["x"].runs["b"][0].statuses == {"diverged"}
    files = [write(tmp_path / f"{n}.csv", "variant,seed,metric,value", f"a,0,error,{n}") for n in (1, 2)]
    assert list(read_datasets([*files, one])) == ["1", "2", "x", "y"]
    (tmp_path / "other").mkdir()
    for paths, message in (
        (files[:1], "must have a column 'dataset'"),
        ([tmp_path / "no.csv", one], "no.csv: cannot be read"),
        (
            [one, write(tmp_path / "other/x.csv", "variant,seed,metric,value", "a,0,error,1")],
            "both hold data set 'x'",
        ),
        (
            [write(tmp_path / "bad.csv", "dataset,variant,seed,metric,value", ",a,0,e,1")],
            "line 2: dataset: is empty",
        ),
        (
            [write(tmp_path / "twice.csv", "dataset,variant,seed,metric,value", *["x,a,0,e,1"] * 2)],
            "in lines 2 and 3",
        ),
    ):
        with pytest.raises(UserError, match=re.escape(message)):
            read_datasets(paths)


def call(*options: object) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    command.run(parser.parse_args([str(option) for option in options]))


def test_by_hand_the_same_files_each_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        f"d{n},{'<b>$x$ and a name that is long' if name == 'm' else name},{seed},error,{rank + seed / 10}"
        for n, row in enumerate(DEMSAR)
        for name, rank in zip(FOUR, row, strict=True)
        for seed in (0, 1)
    ]
    runs = write(tmp_path / "runs.csv", "dataset,variant,seed,metric,value", *rows)
    for out in ("one", "two"):
        call("--runs", runs, "--lower-is-better", "--baseline", "cf", "--out", tmp_path / out)
    said = capsys.readouterr().out
    assert "both                            1.9643        7             " in said
    assert "no two variants can be told apart (Nemenyi, ranks 1.25 apart).\n" in said
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert sorted(files) == [
        *("across.csv", "across.json", "critical-difference.pdf", "critical-difference.png"),
        *("critical-difference.svg", "profiles.pdf", "profiles.png", "profiles.svg"),
    ]
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    assert json.loads(files["across.json"])["baseline"] == "cf"
    table = list(csv.DictReader(files["across.csv"].decode().splitlines()))
    assert [float(row["rank"]) for row in table] == [rank for row in DEMSAR for rank in row]
    for options, message in (
        (["--runs", runs], "give --higher-is-better or --lower-is-better"),
        (["digits", "--runs", runs], "give studies, or --runs and tables: one of the two"),
        (["digits", "--lower-is-better"], "are for --runs; studies say them"),
    ):
        with pytest.raises(UserError, match=message):
            call(*options, "--out", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def finish(name: str, errors: list[float], digest: str) -> None:
    """Put the tables of a study in its place: the variants' accuracies, one seed."""
    plan = load_plan(study=[name])
    [study] = plan.studies
    folder = study.aggregate.folder(plan.store)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{v.variant.name},0,accuracy,{1 - e},finished" for v, e in zip(study.variants, errors, strict=True)
    ]
    write(folder / "runs.csv", "variant,seed,metric,value,status", *rows)
    data = {"variants": [{"name": v.variant.name, "data": {"digest": digest}} for v in study.variants]}
    (folder / "study.json").write_text(json.dumps(data))
    write_receipt(folder, study.aggregate, file_digests(folder, ["runs.csv", "study.json"]))


def test_studies_are_data_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("first", "second", "third"):
        stores.write_study(name, stores.PLAIN)
    stores.write_study("loss", stores.PLAIN | {"comparisons": {"metric": "loss"}})
    stores.write_study("other", stores.PLAIN | {"comparisons": {"baseline": "wide"}})
    for names, message in (
        (["first", "loss"], "comparisons.metric: first says 'accuracy', loss says 'loss'"),
        (["first", "other"], "comparisons.baseline: first says 'plain', other says 'wide'; give --baseline"),
        (
            ["second"],
            "second: has no finished results; `snakemake --cores 4 --config study=second` makes them",
        ),
    ):
        with pytest.raises(UserError, match=re.escape(message)):
            call(*names, "--out", "out")
    finish("first", [0.2, 0.1], "same")  # the three have the same address: one result is all of theirs
    call("first", "second", "third", "--out", "out")
    said = capsys.readouterr().out
    assert "first, second and third measured the same data; their ranks are not independent.\n" in said
    assert "no difference between wide and plain could be shown: better on 3 of 3; p = .25" in said
    found = json.loads(Path("out/across.json").read_text())
    assert found["notes"][0].startswith("first, second and third measured the same data")
