"""The report's tables: the numbers in full as CSV, escaped in LaTeX, links that lead somewhere."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import statistics
from pathlib import Path

import pytest
from assay.report import bibliography, latex
from assay.report.content import Content
from assay.report.references import REFERENCES
from assay.report.tables import Cell, Column, Table, interval, number, text
from report_fixture import FOUR, Made, compared, evaluate_address, make, said, train_address

HOSTILE = 'a & b_{1} #2 50% $x$ ~ ^ \\ "q" <i> −1 [x'


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Content]:
    """The store, the report's folder, and what the report says."""
    store = tmp_path_factory.mktemp("four")
    folder = make(store, FOUR)
    return store, folder, said(folder, store)


def rows(content: Content, name: str) -> list[dict[str, str]]:
    """A table as it is read from its file."""
    return list(csv.DictReader(io.StringIO(content.files()[f"tables/{name}.csv"])))


def test_the_comparisons_are_files_with_every_digit(four: tuple[Path, Path, Content]) -> None:
    _, folder, content = four
    baseline, *tested = rows(content, "comparisons")
    assert baseline["variant"] == "plain" and baseline["p"] == baseline["95 % CI low"] == ""
    for row, test in zip(tested, compared(folder)["comparisons"], strict=True):
        assert (row["variant"], row["verdict"]) == (test["variant"], test["verdict"])
        for column, key in (
            ("difference", "mean_difference"),
            ("95 % CI low", "ci_low"),
            ("95 % CI high", "ci_high"),
            ("p Holm", "p_adjusted"),
            ("d_z", "d_z"),
        ):
            assert float(row[column]) == test[key], column


def test_every_dropped_pair_and_its_worst_case(four: tuple[Path, Path, Content]) -> None:
    _, folder, content = four
    tiny = next(c for c in compared(folder)["comparisons"] if c["variant"] == "tiny")
    assert rows(content, "dropped") == [
        {"variant": "tiny", "seed": "3", "reason": "tiny: diverged in epoch 3"}
    ]
    [row] = rows(content, "worst-case")
    assert (row["n"], row["n, worst case"]) == ("9", "10")
    assert (
        float(row["difference, worst case"])
        == tiny["worst_case"]["mean_difference"]
        != tiny["mean_difference"]
    )


def test_classes_are_averaged_over_the_runs_that_finished(four: tuple[Path, Path, Content]) -> None:
    store, _, content = four
    folder = store / "evaluate" / evaluate_address(3)
    found = [json.loads(path.read_text()) for path in folder.glob("seed-*/metrics.json")]
    assert len(found) == 9
    table = rows(content, "class-recall")
    for digit in range(10):
        values = [report["per_class"][digit]["recall"] for report in found]
        assert float(table[digit]["tiny"]) == pytest.approx(statistics.fmean(values))
    cell = next(
        r
        for r in rows(content, "confusion")
        if (r["variant"], r["true"], r["predicted"]) == ("tiny", "7", "2")
    )
    shares = [report["confusion_matrix"][7][2] / 36 for report in found]
    assert float(cell["share"]) == pytest.approx(statistics.fmean(shares))
    assert cell["runs"] == "9"


def test_costs_are_means_over_runs(four: tuple[Path, Path, Content]) -> None:
    cost = {row["variant"]: row for row in rows(four[2], "cost")}
    assert float(cost["plain"]["training time of a run"]) == 2 * (2 + 0.5)
    assert float(cost["wide"]["training time of a run"]) == 2 * (3 + 0.5)
    assert float(cost["wide"]["samples / s"]) == 499
    assert float(cost["plain"]["peak memory"]) == pytest.approx(
        statistics.fmean(max(300 + s, 310) for s in range(10))
    )
    assert cost["tiny"]["n"] == "9"


def test_links_lead_to_logs_and_folders_from_both_places(four: tuple[Path, Path, Content]) -> None:
    store, folder, content = four
    [table] = content.values["runs"]
    view = store / "studies" / "made-up"
    view.mkdir(parents=True)
    for place in (folder, view):
        for row in table.rows:
            *_, log, run = row
            variant = list(FOUR.effects).index(row[0].text)
            assert os.path.samefile(
                place / run.link, store / "train" / train_address(variant) / f"seed-{row[1].text}"
            )
            assert (place / log.link).read_text() == "epoch 1\n"


def test_without_the_runs_there_are_no_links_and_no_costs(tmp_path: Path) -> None:
    content = said(make(tmp_path, Made({"plain": 0, "wide": 0.01})), tmp_path)
    assert content.values["cost"] == content.values["classes"] == []
    [table] = content.values["runs"]
    assert {row[-2].text for row in table.rows} == {"–"}


def test_many_variants_stand_below_each_other_and_in_one_file(tmp_path: Path) -> None:
    content = said(make(tmp_path, Made({f"v{n}": 0.0 for n in range(12)}, seeds=range(2))), tmp_path)
    [metrics] = content.values["metrics"]
    parts = metrics.parts()
    assert [len(part.columns) for part in parts] == [5, 5, 5]
    assert [c.name for part in parts for c in part.columns[1:]] == [f"v{n}" for n in range(12)]
    assert len(rows(content, "metrics")[0]) == 13
    assert content.files()["tables/metrics.tex"].count(r"\begin{tabular}") == 3


def test_cells_survive_csv_and_latex() -> None:
    columns = [Column("name", "text"), Column("d_z", symbol="d_z"), Column("95 % CI", "interval")]
    row = [text(HOSTILE + ',\n"'), number("−1.50", -1.5), interval("[1, 2]", 1.0, None)]
    table = Table("t", HOSTILE, columns, [row, [text("b"), Cell("–", ""), interval("[1, 2]", 1.0, 2.0)]])
    read = list(csv.reader(io.StringIO(table.to_csv())))
    assert read == [
        ["name", "d_z", "95 % CI low", "95 % CI high"], [HOSTILE + ',\n"', "-1.5", "", ""], ["b", "", "1.0", "2.0"],
    ]  # fmt: skip
    written = table.to_latex("my study")
    assert r"\label{tab:my-study-t}" in written
    assert r"name & $d_{z}$ & 95 \% CI \\" in written
    assert written.count(r"\\" + "\n") == 3
    shown = latex.escape(HOSTILE)
    assert shown == (
        r"a \& b\_\{1\} \#2 50\% \$x\$ \textasciitilde{} \textasciicircum{} \textbackslash{} {\char34}q{\char34} "
        r"\textless{}i\textgreater{} $-$1 [x"
    )


def test_the_bibliography_has_exactly_what_the_methods_cite(tmp_path: Path) -> None:
    content = said(make(tmp_path, Made({"plain": 0, "wide": 0.01})), tmp_path)
    keys = set(re.findall(r"@\w+\{(\w+),", content.bibtex))
    assert keys == set(re.findall(r"\w+", " ".join(re.findall(r"\\citep\{(.*?)\}", content.latex))))
    assert {"student1908", "paszke2019"} <= keys
    assert not keys & {"holm1979", "schuirmann1987", "nadeau2003", "benavoli2017", "hinton2015"}
    others = {"margin": 0.01, "bayesian": True, "adjustment": "max_t", "secondary": {"f1_macro": True}}
    made = Made({"plain": 0, "wide": 0.01, "deep": 0}, comparisons=others)
    more = said(make(tmp_path / "more", made), tmp_path / "more").bibtex
    assert all(key in more for key in ("westfall1993", "schuirmann1987", "benavoli2017", "benjamini1995"))
    assert "holm1979" not in more


def test_every_reference_can_be_cited_and_is_whole() -> None:
    for key, (kind, fields) in REFERENCES.items():
        assert key == key.lower() and fields["year"] in key
        assert {"article": "journal", "inproceedings": "booktitle", "book": "publisher"}[kind] in fields
        assert all(value.count("{") == value.count("}") for value in fields.values())
        assert re.fullmatch(rf" \([^{{}}\\]+, {fields['year']}\)", bibliography.named(f"[@{key}]"))


def test_methods_name_the_file_the_model_and_the_teacher(tmp_path: Path) -> None:
    folder = make(tmp_path, Made({"teacher_net": 0, "student": 0.01}, data={"source": "csv"}))
    from assay import recipe
    from assay.report.inputs import gather
    from assay.report.methods import methods

    inputs = gather(recipe.from_yaml(folder / "recipe.yaml"), tmp_path)
    first, second = inputs.variants
    loop = {"epochs": 3, "optimizer": {"name": "adamw"}}
    first |= {"source": {"name": "csv", "path": "/home/me/data/patients_2.csv"}}
    first |= {"settings": {"model": {"name": "my_models:Wide"}, "loss": {"name": "focal"}, "training": loop}}
    second |= {
        "source": first["source"],
        "settings": {"task": {"name": "distillation", "teacher": "teacher_net"}},
    }
    said_so = bibliography.named(methods(inputs))
    assert "on the table patients_2.csv, with 1,168 train" in said_so and "/home" not in said_so
    assert "teacher_net, the model my_models:Wide with 12,345 parameters, was trained for 3 epochs" in said_so
    assert "student is a student that was distilled (Hinton et al., 2015) from teacher_net" in said_so
    assert "focal [@lin2017]" in methods(inputs)
