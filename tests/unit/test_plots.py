"""Figures of a run: which there are, that they show the history's numbers, and that no history breaks them."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assay import plots
from assay.errors import UserError
from assay.plots import Described, contents, series
from assay.tasks.classification import Classification
from assay.tasks.gan_autoencoder import GanAutoencoder
from conftest import ROOT

KNOWN = Described(Classification.metrics, Classification.families)


def history(rows: list[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    """The content of a `history.json`."""
    known = {"status": "finished", "monitor": "val_loss", "best_epoch": 1, "best_value": 1.0}
    return known | {"history": [{"epoch": n + 1} | row for n, row in enumerate(rows)]} | facts


def usual(epochs: int = 5) -> dict[str, Any]:
    """A classifier that learns."""
    names = ("val_accuracy", "val_precision", "val_recall", "val_f1", "train_accuracy")
    return history(
        [
            {"train_loss": 2 / n, "val_loss": 2.5 / n, "learning_rate": 1e-3 / n, "gradient_norm": 1.0}
            | {name: 1 - 1 / (n + place + 1) for place, name in enumerate(names)}
            for n in range(1, epochs + 1)
        ],
        best_epoch=epochs,
        best_value=2.5 / epochs,
    )


def named(rows: list[dict[str, Any]], known: Any, preset: str) -> dict[str, list[str]]:
    """Figure → its quantities."""
    found = contents.sheets(rows, known.metrics, known.families, preset)
    return {sheet.name: [panel.metric for panel in sheet.panels] for sheet in found}


def test_a_preset_has_its_figures() -> None:
    rows = usual()["history"]
    minimal = {"loss": ["loss"]}
    standard = {
        **minimal,
        "loss-and-accuracy": ["loss", "accuracy"],
        "accuracy": ["accuracy"],
        "classes": ["precision", "recall", "f1"],
    }
    full = {**standard, "gradient-norm": ["gradient_norm"], "learning-rate": ["learning_rate"]}
    assert named(rows, KNOWN, "minimal") == minimal
    assert named(rows, KNOWN, "standard") == standard
    assert list(named(rows, KNOWN, "full").items()) == list(full.items())


def test_every_column_of_a_full_set_is_drawn_once_beside_the_overview() -> None:
    """Loss without accuracy; parts of the loss that the task does not name; several optimizers."""
    metrics = [*GanAutoencoder.metrics, "output_0"]
    row = {f"{part}_{name}": 1.0 for part in ("train", "val") for name in metrics}
    norms = {f"gradient_norm_{name}": 1.0 for name in ("autoencoder", "discriminator")}
    found = named([{"epoch": 1} | row | norms | {"learning_rate": 0.1}], GanAutoencoder, "full")
    assert found.pop("loss-and-reconstruction") == ["loss", "reconstruction", "mean_squared_error"]
    assert found["loss-parts"] == ["output_0"]
    assert found["gradient-norm"] == list(norms)
    drawn = [name for names in found.values() for name in names]
    assert sorted(drawn) == sorted([*metrics, *norms, "learning_rate"])


def test_a_task_that_is_not_known_has_metrics() -> None:
    rows = [{"epoch": 1, "train_loss": 1.0, "val_loss": 1.0, "val_kappa": 0.5}]
    assert named(rows, Described(), "full") == {"loss": ["loss"], "metrics": ["kappa"]}
    assert named(rows, Described(), "standard") == {"loss": ["loss"]}


def test_figures_have_names_of_their_own_and_room() -> None:
    row = {f"val_part_{n}": 1.0 for n in range(30)} | {"val_loss": 1.0}
    families = {"loss": ("part_0",), "Loss ": ("part_1",), "a/b_c": ("part_2",), "absent": ("no",)}
    found = named([{"epoch": 1} | row], Described(("loss",), families), "full")
    assert list(found)[:5] == ["loss", "loss-and-loss", "loss-2", "Loss-3", "a-b-c"]
    rest = [names for name, names in found.items() if name.startswith("loss-parts")]
    assert [len(names) for names in rest] == [12, 12, 3]


def test_a_short_line_is_the_column() -> None:
    rows = history([{"x": 0.5}, {"x": None}, {}, {"x": 0.25}, {"x": 1.0}])["history"]
    line = series.line(rows, "x", 100)
    assert line.step == 1
    assert line.epochs.tolist() == [1, 2, 3, 4, 5]
    expected = [50, math.nan, math.nan, 25, 100]
    for values in (line.values, line.low, line.high):
        np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(line.markers(few=0, start=0.9), [True, True, True, True, True])


@pytest.mark.parametrize("epochs", [400, 401, 1999, 2000, 2003])
def test_a_long_line_is_means_and_ranges(epochs: int) -> None:
    random = np.random.default_rng(epochs)
    values = [None if random.random() < 0.2 else float(random.normal()) for _ in range(epochs)]
    values[100:150] = [None] * 50
    line = series.line(history([{"x": value} for value in values])["history"], "x", 2)
    assert (line.step == 1) == (epochs == 400)
    assert len(line.values) <= 400 if line.step == 1 else len(line.values) <= 200
    for place, start in enumerate(range(0, epochs, line.step)):
        chunk = [2 * v for v in values[start : start + line.step] if v is not None]
        last = min(start + line.step, epochs)
        assert line.epochs[place] == pytest.approx((start + 1 + last) / 2)
        expected = [sum(chunk) / len(chunk), min(chunk), max(chunk)] if chunk else [math.nan] * 3
        found = [line.values[place], line.low[place], line.high[place]]
        assert found == pytest.approx(expected, nan_ok=True)


def test_a_value_that_stands_alone_is_marked() -> None:
    values = [1.0] * 50 + [None, 2.0, None] + [1.0] * 50
    line = series.line(history([{"x": value} for value in values])["history"], "x")
    assert line.markers()[51]
    assert line.markers().sum() < 12


def drawn(sheet: str, content: dict[str, Any], known: Any = KNOWN) -> Any:
    """The figure of that name."""
    from assay.plots import curves
    from assay.report import style

    sheets = contents.sheets(content["history"], known.metrics, known.families, "full")
    with style.sheet():
        figure = curves.learning(next(item for item in sheets if item.name == sheet), content)
        figure.draw_without_rendering()
    return figure


def test_a_figure_shows_the_numbers_of_the_history() -> None:
    content = usual(7) | {"best_epoch": 6}
    figure = drawn("loss-and-accuracy", content)
    rows = content["history"]
    for axes, metric, factor in zip(figure.axes, ("loss", "accuracy"), (1, 100), strict=True):
        lines = {tuple(line.get_ydata()) for line in axes.get_lines() if len(line.get_xdata()) == 7}
        columns = [f"{part}_{metric}" for part in ("train", "val")]
        assert lines == {tuple(factor * row[column] for row in rows) for column in columns}
        [mark] = [line for line in axes.get_lines() if line.get_marker() == "D"]
        assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([6], [factor * rows[5][f"val_{metric}"]])
        assert axes.get_xlabel() == "epoch"
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy (%)"]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["training", "validation", "best epoch: 6 (validation loss 0.357)"]


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 17])
def test_epochs_are_whole_and_begin_with_1(epochs: int) -> None:
    axes = drawn("loss", usual(epochs)).axes[0]
    low, high = axes.get_xlim()
    shown = [float(text.get_text()) for text in axes.get_xticklabels()]
    places = [place for place in shown if low <= place <= high]
    assert places and all(place.is_integer() and 1 <= place <= epochs for place in places)


def test_percentages_of_a_figure_share_their_axis() -> None:
    limits = {axes.get_ylim() for axes in drawn("classes", usual()).axes}
    assert len(limits) == 1


def test_a_run_that_diverged_says_so() -> None:
    rows = [{"train_loss": 1.0, "val_loss": 1.0}, {"train_loss": 1e30, "val_loss": None}]
    figure = drawn("loss", history(rows, status="diverged in epoch 2"))
    assert figure.legends[0].get_texts()[-1].get_text() == "diverged in epoch 2"
    assert [2, 2] in [list(line.get_xdata()) for line in figure.axes[0].get_lines()]
    rows = [{"train_loss": None, "val_loss": None}]
    empty = drawn("loss", history(rows, status="diverged in epoch 1", best_epoch=None, best_value=None))
    assert [text.get_text() for text in empty.axes[0].texts] == ["no finite value"]


@pytest.mark.parametrize(
    ("values", "scale", "label"),
    [
        ([1.0, 0.5], "linear", "loss"),
        ([1.0, 0.05], "log", "loss, logarithmic"),
        ([5e-4, 2e-5], "log", "loss, logarithmic"),
        ([1e90, 1e-90], "log", "loss, logarithmic"),
        ([1.0, 0.0], "linear", "loss"),
        ([-1e6, 0.5, 0.6, 0.7, 0.8], "symlog", "loss, logarithmic beyond ±1"),
        ([-3.0, 4.0], "linear", "loss"),
    ],
)
def test_a_wide_range_is_logarithmic(values: list[float], scale: str, label: str) -> None:
    figure = drawn("loss", history([{"val_loss": value} for value in values], best_epoch=None))
    axes = figure.axes[0]
    assert (axes.get_yscale(), axes.get_ylabel()) == (scale, label)
    for place, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert number(text.get_text()) == pytest.approx(place)


def number(text: str) -> float:
    """What a tick says: `0.5`, `−2000`, `10⁶`, `2·10⁻⁵`."""
    plain = text.translate(str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789"))
    if text[-1] not in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        return float(plain)
    length = sum(sign in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹" for sign in text)
    front, power = plain[: -length - 2].rstrip("·"), int(plain[-length:])
    assert plain[:-length].endswith("10")
    return float(f"{front}1" if front in ("", "-") else front) * 10.0**power


def test_a_constant_is_no_zoom_into_its_digits() -> None:
    low, high = drawn("learning-rate", history([{"learning_rate": 0.01}] * 3)).axes[0].get_ylim()
    assert low < 0 < 0.02 < high < 0.03
    low, high = drawn("accuracy", history([{"val_accuracy": 1.0}] * 3)).axes[0].get_ylim()
    assert -10 < low < 0 < 100 < high < 110


HISTORIES = {
    "usual": usual(),
    "one epoch": usual(1),
    "one number": history([{"train_loss": 1.0}] * 3),
    "nothing finite": history([{"train_loss": None, "val_loss": None, "val_x": None}], best_epoch=None, best_value=None),
    "best epoch without a value": history([{"train_loss": 1.0, "val_loss": 2.0, "val_x": None}]),
    "huge and tiny": history([{"train_loss": v, "val_loss": -v} for v in (1e300, 1e-300, 0.0, 1e38)]),
    "columns that come later": history([{"train_loss": 1.0}, {"train_loss": 1.0, "val_loss": 1.0, "val_kappa": 0.1}]),
    "long": usual(2000),
    "long names": history([{f"val_{'very_' * 12}long": 1.0, "val_loss": 1.0}] * 2, monitor=f"val_{'very_' * 12}long"),
}  # fmt: skip


def chunks(file: bytes) -> list[bytes]:
    """The names of a PNG file's chunks."""
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = [], 8
    while at < len(file):
        size, name = struct.unpack(">I4s", file[at : at + 8])
        found.append(name)
        at += size + 12
    return found


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.filterwarnings("error")
def test_no_history_breaks_a_figure(name: str, tmp_path: Path) -> None:
    preset = "full" if name in ("one epoch", "nothing finite", "huge and tiny", "long names") else "standard"
    paths = plots.draw(HISTORIES[name], KNOWN, None, tmp_path / "figures", preset)
    assert paths and sorted(paths) == sorted((tmp_path / "figures").iterdir())
    for path in paths:
        file = path.read_bytes()
        assert set(chunks(file)) == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}  # no date, no tool
        width, height = struct.unpack(">II", file[16:24])
        assert 1000 < width < 2000 and 500 < height < 4000


def test_the_same_history_is_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        plots.draw(usual(), KNOWN, None, tmp_path / folder, "minimal")
    assert (tmp_path / "a/loss.png").read_bytes() == (tmp_path / "b/loss.png").read_bytes()


def test_off_draws_nothing_and_a_wrong_preset_is_said(tmp_path: Path) -> None:
    assert plots.draw(usual(), KNOWN, None, tmp_path / "figures", "off") == []
    assert plots.compare({"a": usual(), "b": usual()}, tmp_path / "figures", "off") == []
    assert not (tmp_path / "figures").exists()
    with pytest.raises(UserError, match="did you mean 'standard'"):
        plots.draw(usual(), KNOWN, None, tmp_path, "standart")


def test_matplotlib_is_imported_when_a_figure_is_drawn_and_pyplot_never() -> None:
    program = (
        "import sys, pathlib; sys.path.insert(0, 'scripts'); import assay.command.main; from assay import plots;"
        "print([name for name in ('matplotlib', 'torch', 'pandas') if name in sys.modules]);"
        "plots.contents.measured([]);"
        "from assay.plots import curves, comparison; print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["[]", "False"]
