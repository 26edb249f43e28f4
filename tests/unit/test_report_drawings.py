"""Which figures a report has, their captions, curves and matrices, and how they enter a page."""

from __future__ import annotations

import hashlib
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from assay.notation import Scale
from assay.report import style
from assay.report.drawings import Drawing, draw
from assay.report.figures import confusion, learning_curves, means
from assay.report.inputs import Inputs, Run
from assay.report.measured import RunCost
from assay.settings.stages import ReportSettings
from figure_cases import Case, read
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy import stats

CASE = Case({"plain": 0, "wide": 0.006}, seeds=6, lost={"wide": 1})


def inputs(case: Case, evaluation: Mapping[str, Any] | None = None, cost: bool = True) -> Inputs:
    """A study's results without a store."""
    runs = [
        Run(name, seed, "finished", {case.metric: value}, 3, {}, {},
            cost=RunCost(10.0 + seed, 100.0, 50.0, 3) if cost else None, evaluation=evaluation or {})
        for name, arm in case.values().items() for seed, value in arm.items()
    ]  # fmt: skip
    return Inputs(
        settings=ReportSettings(study="made-up"), runs=runs, summary=[],
        histories=read(case.histories(6)), variants=[{"name": name, "addresses": {}} for name in case.effects],
        compared=case.compared(),
    )  # fmt: skip


EVALUATION = {
    "classes": ["a", "b"],
    "confusion_matrix": [[9, 1], [0, 4]],
    "per_class": [
        {"class": name, "precision": 0.9, "recall": 0.9, "f1": 0.9, "samples": 7} for name in ("a", "b")
    ],
}


@pytest.fixture(scope="module")
def drawings() -> dict[str, Drawing]:
    return {drawing.name: drawing for drawing in draw(inputs(CASE, EVALUATION))}


def test_a_report_has_its_figures_and_captions_that_say_n(drawings: dict[str, Drawing]) -> None:
    assert list(drawings) == ["differences", "seeds", "distributions", "learning-curves", "confusion", "cost"]
    captions = {name: drawing.caption for name, drawing in drawings.items()}
    assert "(n = 5 pairs a comparison)" in captions["differences"]
    assert "95 % confidence interval of the mean at each epoch" in captions["learning-curves"]
    assert "mean over 5 to 6 runs a variant" in captions["confusion"]
    assert all(drawing.pdf.startswith(b"%PDF") for drawing in drawings.values())


def test_what_is_not_there_is_not_drawn() -> None:
    few = Case({"plain": 0, "gone": 0}, seeds=3, lost={"gone": 3}, margin=0.01)
    found = {drawing.name: drawing.caption for drawing in draw(inputs(few, cost=False))}
    assert list(found) == ["seeds", "distributions", "learning-curves"]
    assert "faint lines: every run" in found["learning-curves"]
    assert "Boxes" not in found["distributions"]


def test_a_figure_in_a_page_takes_the_page_s_colours_and_has_ids_of_its_own(
    drawings: dict[str, Drawing],
) -> None:
    page = "".join(drawing.inline for drawing in drawings.values())
    assert not re.search(r"(fill|stroke): #(000000|ffffff|767676|d9d9d9|e8e8e8|ececec|0072b2)", page)
    assert {"var(--ink, #000000)", "var(--paper, #ffffff)", "var(--series-1, #0072b2)"} <= set(
        re.findall(r"var\(--[\w-]+, #\w+\)", page)
    )
    for plain in ("<metadata", "<style", "<!--", "<?xml"):
        assert plain not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page)) <= {
        pair for name in ids for pair in ((name, ""), ("", name))
    }
    drawing = drawings["differences"]
    assert f'aria-label="{drawing.caption}"' in drawing.inline
    assert b"var(--" not in drawing.svg and b"#767676" in drawing.svg


PROGRAM = """
import hashlib
from figure_cases import Case
from assay.notation import Scale
from assay.report import style
from assay.report.figures.differences import differences
case = Case({"plain": 0, "wide": 0.006}, seeds=6, lost={"wide": 1})
with style.sheet():
    figure = differences(case.compared(), Scale("accuracy", True), style.looks(["plain", "wide"], "plain"))
    print([hashlib.sha256(data).hexdigest() for data in style.files(figure).values()])
"""


def test_the_bytes_do_not_depend_on_the_process(drawings: dict[str, Drawing]) -> None:
    paths = [Path(__file__).parent, Path(__file__).parents[2] / "scripts"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONHASHSEED": "11"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    own = drawings["differences"]
    digests = [hashlib.sha256(data).hexdigest() for data in (own.svg, own.pdf, own.png)]
    assert done.stdout.strip() == str(digests)


def curves(case: Case, histories: pd.DataFrame) -> Figure:
    looks = style.looks(list(case.effects), case.baseline)
    with style.sheet():
        return learning_curves.learning_curves(read(histories), [Scale("val_accuracy", True)], 0.1, looks)


def test_a_band_is_the_interval_of_the_mean_at_each_epoch() -> None:
    histories = CASE.histories(12)
    axes = curves(CASE, histories).axes[0]
    for name, band in zip(("plain", "wide"), axes.collections, strict=True):
        runs = histories[histories["variant"] == name].pivot(
            index="seed", columns="epoch", values="val_accuracy"
        )
        expected = stats.ttest_1samp(100 * runs.to_numpy(), 0).confidence_interval(0.9)
        corners = band.get_paths()[0].vertices
        assert corners[:, 1].min() == pytest.approx(expected.low.min())
        assert corners[:, 1].max() == pytest.approx(min(100, expected.high.max()))
        [mean] = [line for line in axes.get_lines() if line.get_linewidth() == 1.6 and
                  np.allclose(line.get_ydata(), 100 * runs.mean().to_numpy())]  # fmt: skip
        assert list(mean.get_xdata()) == list(range(1, 13))
    assert axes.get_ylabel() == "validation accuracy (%)"


def test_few_runs_are_lines_and_a_mean_of_those_that_are_left_is_thin() -> None:
    case = Case({"plain": 0, "wide": 0.006}, seeds=3)
    histories = case.histories(10, stop={"wide": 1})
    axes = curves(case, histories).axes[0]
    assert not axes.collections
    lines = axes.get_lines()
    assert sum(line.get_linewidth() == 0.7 for line in lines) == 6
    whole = [line for line in lines if line.get_linewidth() == 1.6][1]
    left = [line for line in lines if line.get_linewidth() == 0.8][1]
    assert np.isfinite(whole.get_ydata()).tolist() == 8 * [True] + 2 * [False]  # seeds end at 10, 9 and 8
    last = histories[(histories["variant"] == "wide") & (histories["epoch"] == 10)]["val_accuracy"]
    assert left.get_ydata()[-1] == pytest.approx(100 * last.item())


def test_a_long_curve_is_means_over_epochs() -> None:
    case = Case({"plain": 0}, seeds=5)
    histories = case.histories(1001)
    axes = curves(case, histories).axes[0]
    line = axes.get_lines()[-1]
    assert axes.get_xlabel() == "epoch (means over 5)"
    assert len(line.get_xdata()) == 201
    first = histories[histories["epoch"] <= 5]["val_accuracy"].mean()
    assert (line.get_xdata()[0], line.get_ydata()[0]) == (3, pytest.approx(100 * first))


def cells(figure: Figure) -> list[tuple[int, int, str]]:
    """Row, column and text of each number in the first panel."""
    names = {figure.axes[0].title, figure.axes[0]._left_title, figure.axes[0]._right_title}
    return [
        (int(text.get_position()[1]), int(text.get_position()[0]), text.get_text())
        for text in figure.axes[0].texts
        if isinstance(text, Text) and text not in names
    ]


def test_a_confusion_matrix_has_its_percentages() -> None:
    shares = np.array([[1.0, 0, 0], [0.0004, 0.9996, 0], [0.25, 0.05, 0.7]])
    with style.sheet():
        figure = confusion.confusion({"plain": shares}, ["cat", "dog", "frog"], {"plain": 4})
    assert cells(figure) == [
        (0, 0, "100"), (1, 1, ">99.9"),
        (2, 0, "25.0"), (2, 1, "5.0"), (2, 2, "70.0"),
    ]  # fmt: skip
    [squares] = figure.axes[0].collections
    colours = squares.get_facecolors()
    np.testing.assert_allclose(colours[:, 3], np.sqrt(shares[shares > 0]))
    is_right = np.eye(3, dtype=bool)[shares > 0]
    assert (colours[is_right, 2] > colours[is_right, 0]).all()  # blue
    assert (colours[~is_right, 0] > colours[~is_right, 2]).all()  # orange
    assert figure.axes[0].get_title() == "plain (n = 4)"
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["cat", "dog", "frog"]


@pytest.mark.parametrize(("classes", "variants", "numbered"), [(20, 3, True), (21, 1, False), (20, 5, False)])
@pytest.mark.filterwarnings("error")
def test_many_classes_have_no_numbers(classes: int, variants: int, numbered: bool) -> None:
    names = [f"a class with number {place}" for place in range(classes)]
    matrices = {f"variant {place}": np.eye(classes) for place in range(variants)}
    with style.sheet():
        figure = confusion.confusion(matrices, names, dict.fromkeys(matrices, 5))
        figure.draw_without_rendering()
    assert len(cells(figure)) == (classes if numbered else 0)
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(set(labels)) == classes and max(map(len, labels)) <= 12
    width, height = figure.get_size_inches()
    assert width <= style.WIDTH and height < 12
    sizes = {text.get_fontsize() for text in figure.axes[0].texts}
    assert not numbered or min(sizes) >= 6


def test_intervals_and_quartiles_are_those_of_the_textbook() -> None:
    values = [0.3, 0.1, 0.9, 0.4, 0.35]
    assert means.interval(values, 0.1) == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.9))
    assert means.interval(values, 0.1, (0.2, 0.5)) == (0.2, 0.5)
    assert means.interval([0.5], 0.1) is None
    assert means.quartiles(values) == pytest.approx(statistics.quantiles(values, method="inclusive"))
