"""The report's figures show the numbers they are given, whatever these are, and stay readable."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from assay.notation import Scale
from assay.report import style
from assay.report.figures.cost import cost
from assay.report.figures.differences import differences
from assay.report.figures.distributions import distributions
from assay.report.figures.learning_curves import learning_curves, shown
from assay.report.figures.seeds import seeds
from figure_cases import Case, read
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

THREE = Case({"plain": 0, "wide": 0.006, "deep": 0.001}, margin=0.005)
LOSS = Case(
    {"plain": 0, "focal": -0.05}, metric="mean_squared_error", higher_is_better=False, level=0.4, noise=0.02
)
NAMES = {
    "resnet18_with_a_rather_long_name_and=0.01,options=3": 0,
    "x" * 40: 0.002,
    "another-very-long-variant-name-that-goes-on": 0,
    "deep": 0.01,
}
CASES = {
    "two": Case({"plain": 0, "wide": 0.006}),
    "three": THREE,
    "twelve": Case({f"variant {letter}": 0.001 * n for n, letter in enumerate("abcdefghijkl")}),
    "two seeds": Case({"plain": 0, "wide": 0.006, "deep": -0.002}, seeds=2),
    "fifty seeds": Case({"plain": 0, "wide": 0.006}, seeds=50, steps=360),
    "long names": Case(NAMES, lost={"deep": 8}),
    "identical": Case({"plain": 0, "same": 0, "shifted": 0.01}, noise=0, seeds=50),
    "all pairs": replace(THREE, design="all_pairs", effects={**THREE.effects, "tiny": 0.01}),
    "lower is better": LOSS,
    "huge": replace(LOSS, effects={"plain": 0, "focal": 5e8}, level=1e10, noise=2e8, metric="perplexity"),
    "tiny": replace(LOSS, effects={"plain": 0, "focal": 5e-12}, level=1e-9, noise=2e-12),
    "no pair": Case({"plain": 0, "gone": 0, "wide": 0.01}, lost={"gone": 10}),
    "alone": Case({"plain": 0}),
}


def drawn(kind: str, case: Case) -> Figure:
    """A figure of a case, laid out."""
    scale = Scale(case.metric, case.metric == "accuracy")
    looks = style.looks(list(case.effects), case.baseline)
    values = case.values()
    seconds = {name: {s: 40.0 + s + place for s in arm} for place, (name, arm) in enumerate(values.items())}
    histories = read(case.histories()) if kind == "learning-curves" else []
    makers: dict[str, Callable[[], Figure]] = {
        "differences": lambda: differences(case.compared(), scale, looks),
        "seeds": lambda: seeds(values, case.baseline, scale, case.higher_is_better, looks),
        "distributions": lambda: distributions(values, case.baseline, scale, 0.05, looks),
        "learning-curves": lambda: learning_curves(histories, shown(histories, scale), 0.05, looks),
        "cost": lambda: cost(values, seconds, scale, 0.05, looks),
    }
    with style.sheet():
        figure = makers[kind]()
        figure.draw_without_rendering()
    return figure


def texts(figure: Figure) -> list[Text]:
    """All that a reader can read."""
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = {text for axes in figure.axes if not axes.get_visible() for text in axes.findobj(Text)}
    ticks = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
    }
    shown_ticks = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis._update_ticks()
        for label in (tick.label1, tick.label2)
        if label.get_visible()
    }
    return [text for text in found if text not in hidden and (text not in ticks or text in shown_ticks)]


READ = {
    "differences": [name for name in CASES if name not in ("two", "alone")],
    "seeds": ["twelve", "fifty seeds", "long names", "huge", "no pair", "alone"],
    "distributions": ["twelve", "two seeds", "long names", "huge", "no pair", "alone"],
    "learning-curves": ["twelve", "two seeds", "long names", "alone"],
    "cost": ["twelve", "two seeds", "long names", "tiny", "no pair"],
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in READ.items() for name in names])
@pytest.mark.filterwarnings("error")
def test_texts_are_whole_and_apart(kind: str, name: str) -> None:
    figure = drawn(kind, CASES[name])
    boxes = {text.get_text(): text.get_window_extent() for text in texts(figure)}
    width, height = figure.get_size_inches() * figure.dpi
    for text, box in boxes.items():
        assert box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1, text
        assert box.height >= 7.5, text  # pixels at 100 dots an inch: 5.4 points
    for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or down <= 2, f"{one!r} overlaps {other!r}"


def points(figure: Figure, place: int = 0) -> np.ndarray:
    """The dots of a row: (dots, 2) in units of the axes."""
    found = [item for item in figure.axes[0].collections if isinstance(item, PathCollection)]
    return np.asarray(found[place].get_offsets())


@pytest.mark.parametrize("kind", ["differences", "distributions"])
@pytest.mark.parametrize("name", ["three", "fifty seeds"])
def test_no_dot_hides_another(kind: str, name: str) -> None:
    figure = drawn(kind, CASES[name])
    axes = figure.axes[0]
    rows = [item for item in axes.collections if isinstance(item, PathCollection)]
    for place, row in enumerate(rows):
        across = np.sqrt(row.get_sizes()[0]) * figure.dpi / 72
        where = axes.transData.transform(points(figure, place))
        apart = np.linalg.norm(where[:, None] - where[None], axis=2) + 1e9 * np.eye(len(where))
        assert apart.min() > 0.85 * across
        y = np.asarray(row.get_offsets())[:, 1]
        assert np.all((y > place - 0.5) & (y < place + 0.5))


def line_ends(figure: Figure, width: float) -> list[tuple[float, float]]:
    """First and last x of the lines of this width, of which one artist may draw several."""
    lines = [line for line in figure.axes[0].get_lines() if line.get_linewidth() == width]
    return [
        (float(low), float(high)) for line in lines for low, high, _ in np.reshape(line.get_xdata(), (-1, 3))
    ]


def test_differences_are_those_of_the_comparisons() -> None:
    figure, compared = drawn("differences", THREE), THREE.compared()
    bars, inner = line_ends(figure, 2.2), line_ends(figure, 4.6)
    diamonds = [line for line in figure.axes[0].get_lines() if line.get_marker() == "D"]
    read = [text.get_text() for text in texts(figure)]
    for place, test in enumerate(compared["comparisons"]):
        np.testing.assert_allclose(points(figure, place)[:, 0], 100 * np.array(test["differences"]))
        assert bars[place] == pytest.approx((100 * test["ci_low"], 100 * test["ci_high"]))
        assert inner[place] == pytest.approx((100 * test["equivalence_low"], 100 * test["equivalence_high"]))
        assert list(diamonds[place].get_xdata()) == [pytest.approx(100 * test["mean_difference"])]
    [band] = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert (band.get_x(), band.get_width()) == (-0.5, 1.0)
    assert [c["verdict"] for c in compared["comparisons"]] == ["better", "equivalent"]
    assert {"▲ better\np < .001", "≈ equivalent\nTOST p = .003", "plain (baseline)"} <= set(read)
    label = "difference in accuracy (percentage points)   better →\nn = 10 seeds, shaded: equivalence, within ± 0.5"
    assert label in [text.replace("\N{NO-BREAK SPACE}", " ") for text in read]


def test_a_loss_is_better_to_the_left_and_has_its_unit() -> None:
    read = [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in texts(drawn("differences", LOSS))]
    assert "← better   difference in mean squared error\nn = 10 seeds" in read


def test_all_pairs_say_what_is_compared() -> None:
    read = [text.get_text() for text in texts(drawn("differences", CASES["all pairs"]))]
    assert {"wide − plain", "tiny − deep", "no difference"} <= set(read)
    assert "plain (baseline)" not in read


def test_an_interval_that_is_cut_has_arrows_and_its_numbers() -> None:
    case = Case({"plain": 0, "wide": 0.001, "deep": 0.02}, seeds=2, noise=0.01)
    figure, compared = drawn("differences", case), case.compared()
    low, high = figure.axes[0].get_xlim()
    for test, (start, end) in zip(compared["comparisons"], line_ends(figure, 2.2), strict=True):
        assert low <= start < end <= high
        assert start == pytest.approx(max(low, 100 * test["ci_low"]))
    cut = sum(100 * test["ci_low"] < low for test in compared["comparisons"])
    arrows = [line for line in figure.axes[0].get_lines() if line.get_marker() == "<"]
    assert len(arrows) == cut > 0
    scale = Scale("accuracy", True)
    written = {text.get_text().partition("\n")[2] for text in texts(figure)}
    assert {scale.interval(test) for test in compared["comparisons"]} <= written


def test_degenerate_rows_have_their_sign_and_no_interval() -> None:
    read = [text.get_text() for text in texts(drawn("differences", CASES["identical"]))]
    assert read.count("○ degenerate") == 2
    assert {"+0.00", "+1.00"} <= set(read)
    assert "no pair" in [text.get_text() for text in texts(drawn("differences", CASES["no pair"]))]


def test_a_line_joins_the_runs_of_a_seed() -> None:
    case = Case({"plain": 0, "wide": 0.001}, lost={"wide": 2})
    figure, values = drawn("seeds", case), case.values()
    axes = figure.axes[0]
    worse, better = [item for item in axes.collections if isinstance(item, LineCollection)]
    expected = [[100 * values["plain"][s], 100 * values["wide"][s]] for s in range(2, 10)]
    gains = [b - a for a, b in expected]
    for lines, wanted in ((worse, False), (better, True)):
        drawn_lines = [segment[:, 1] for segment in lines.get_segments()]
        np.testing.assert_allclose(
            drawn_lines, [pair for pair, gain in zip(expected, gains, strict=True) if (gain > 0) == wanted]
        )
    assert worse.get_linestyle() != better.get_linestyle()
    assert axes.get_title() == f"better in {sum(gain > 0 for gain in gains)} of 8"
    hollow = [line for line in axes.get_lines() if line.get_markerfacecolor() == style.PAPER]
    assert sorted(y for line in hollow for y in line.get_ydata()) == pytest.approx(
        sorted(100 * values["plain"][seed] for seed in (0, 1))
    )
    assert [text.get_text() for text in axes.get_xticklabels()] == ["plain\nn = 10", "wide\nn = 8"]


def test_many_equal_values_are_counted() -> None:
    read = [text.get_text() for text in texts(drawn("seeds", CASES["identical"]))]
    assert read.count("× 50") == 4
    assert "better in 0 of 50, 50 equal" in read


def test_a_cost_is_where_its_means_are() -> None:
    figure, values = drawn("cost", LOSS), LOSS.values()
    [plain, focal] = [line for line in figure.axes[0].get_lines() if line.get_marker() not in ("None", "")]
    assert (plain.get_xdata()[0], plain.get_ydata()[0]) == pytest.approx(
        (44.5, np.mean(list(values["plain"].values())))
    )
    assert focal.get_xdata()[0] == pytest.approx(45.5)
    assert figure.axes[0].get_xlabel() == "time to train a run (seconds)"


def written(figure: Figure) -> dict[str, bytes]:
    with style.sheet():
        return style.files(figure)


def test_files_are_the_same_bytes_and_say_nothing_of_where_and_when() -> None:
    first, second = (written(drawn("learning-curves", THREE)) for _ in range(2))
    assert list(first) == ["svg", "pdf", "png"]
    assert first == second
    for said in (b"CreationDate", b"Producer", b"Creator", b"Software", b"dc:date", b"dc:creator"):
        assert said not in first["svg"] + first["pdf"] + first["png"]
