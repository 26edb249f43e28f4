"""The page as a browser shows it: sorted, filtered, dark, printed, on a phone, without scripts, asking nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from assay.report import render
from assay.report.drawings import Drawing
from report_fixture import Made, make, said

from page.browser import PROGRAM, Browser, browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium here")
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="604pt" height="200pt" viewBox="0 0 604 200">'
    b'<path id="a" d="M0 0H600" style="fill: #ffffff; stroke: #000000"/></svg>'
)
HOSTILE = "<script>console.log('no')</script>"
LONG = "a very long name of a variant, model.widths=[128, 128], training.optimizer.weight_decay=0.0001"
TABLE = "document.getElementById('table-runs')"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on sixty runs with ten metrics each, some lost, with a stand-in for its figures."""
    store = tmp_path_factory.mktemp("page")
    made = Made(
        {"plain": 0, "wide": 0.0085, HOSTILE: 0.001, LONG: -0.02, "e": 0.002, "f": 0},
        lost={("wide", 2): "diverged in epoch 3"},
        comparisons={"margin": 0.005, "bayesian": True, "secondary": {"f1_macro": True}},
        settings={"overrides": {"wide": {"model.widths": [128, 128]}}},
        measured=True,
        more_metrics=7,
    )
    folder = make(store, made)
    names = ("differences", "seeds", "distributions", "learning-curves", "confusion", "cost")
    drawings = {name: Drawing(name, f"The figure of {name}.", SVG, b"", b"") for name in names}
    (folder / "report.html").write_text(render.html(said(folder, store).values | {"drawings": drawings}))
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def shown(chromium: Browser, page: Path) -> Browser:
    """The page in a window of 1200 pixels, light, just loaded."""
    chromium.size(1200)
    chromium.media("screen", prefers_color_scheme="light")
    chromium.open(page)
    return chromium


def column(shown: Browser, place: int) -> list[str]:
    """The texts of a column of the runs that are shown."""
    rows = f"Array.from({TABLE}.tBodies[0].rows).filter(row => row.offsetParent)"
    found: list[str] = shown.evaluate(f"{rows}.map(row => row.cells[{place}].textContent)")
    return found


def head(place: int) -> str:
    return f"{TABLE}.tHead.rows[0].cells[{place}]"


def test_nothing_is_asked_for_and_nothing_is_wrong(shown: Browser, page: Path) -> None:
    assert shown.requests == [page.as_uri()]
    assert shown.messages == []
    shown.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://a.invalid/'}))"
    )
    shown.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'hacked = 1'}))"
    )
    assert shown.evaluate("typeof hacked") == "undefined"
    refused = [said for said in shown.messages if "Content Security Policy" in said]
    assert len(refused) == len(shown.messages) == 2


def test_numbers_are_sorted_as_numbers_and_what_is_missing_is_last(shown: Browser) -> None:
    accuracy = 2
    for direction, reverse in (("ascending", False), ("descending", True)):
        shown.evaluate(f"{head(accuracy)}.querySelector('button').click()")
        assert shown.evaluate(f"{head(accuracy)}.getAttribute('aria-sort')") == direction
        *values, last = column(shown, accuracy)
        assert last == "–"
        assert [float(value) for value in values] == sorted(map(float, values), reverse=reverse)
    shown.evaluate(f"{head(4)}.querySelector('button').click()")  # the loss: digits that are not shown count
    whole = shown.evaluate(f"Array.from({TABLE}.tBodies[0].rows, row => row.cells[4].dataset.value)")
    values = [float(value) for value in whole if value is not None]
    assert len(values) == 59 and values == sorted(values)
    shown.evaluate(f"{head(1)}.querySelector('button').click()")
    assert [int(seed) for seed in column(shown, 1)] == sorted(6 * [*range(10)])
    assert shown.evaluate(f"{head(accuracy)}.getAttribute('aria-sort')") == "none"


def test_every_column_can_be_sorted_with_the_keyboard(shown: Browser) -> None:
    heads = shown.evaluate(f"{TABLE}.tHead.rows[0].cells.length")
    assert shown.evaluate(f"{TABLE}.tHead.querySelectorAll('th[scope=col] > button').length") == heads
    shown.evaluate(f"{head(0)}.querySelector('button').focus()")
    shown.press("Enter", 13, "\r")
    assert column(shown, 0) == sorted(column(shown, 0), key=str.casefold)
    shown.press(" ", 32, " ")
    assert column(shown, 0) == sorted(column(shown, 0), key=str.casefold, reverse=True)


def test_runs_are_filtered_by_words_and_by_variant(shown: Browser) -> None:
    def tell(selector: str, value: str, event: str) -> None:
        field = f"document.querySelector('.tools [data-{selector}]')"
        shown.evaluate(f"{field}.value = {value!r}; {field}.dispatchEvent(new Event({event!r}))")

    def counted() -> Any:
        return shown.evaluate("document.querySelector('.tools output').textContent")

    assert (len(column(shown, 0)), counted()) == (60, "60 runs")
    tell("words", "Diverged WIDE", "input")
    assert (column(shown, 0), column(shown, 1), counted()) == (["wide"], ["2"], "1 of 60 runs")
    tell("words", "", "input")
    tell("variant", HOSTILE, "change")
    assert set(column(shown, 0)) == {HOSTILE} and counted() == "10 of 60 runs"
    tell("words", "no such run", "input")
    assert column(shown, 0) == [] and counted() == "0 of 60 runs"


def test_more_metrics_are_shown_when_they_are_asked_for(shown: Browser) -> None:
    heads = f"Array.from({TABLE}.tHead.rows[0].cells).filter(cell => cell.offsetParent).length"
    few = shown.evaluate(heads)
    shown.evaluate("document.querySelector('.tools [data-extra]').click()")
    assert shown.evaluate(heads) == few + 5


def test_without_scripts_it_is_a_plain_page(chromium: Browser, page: Path) -> None:
    chromium.scripts(False)
    try:
        chromium.open(page, settle=False)
        assert len(chromium.texts("#table-runs tbody tr")) == 60
        assert len(chromium.texts("#table-runs thead th")) == 17
        assert chromium.texts("#table-runs button") == []
    finally:
        chromium.scripts(True)


@pytest.mark.parametrize("width", [360, 768, 1200, 1600])
def test_the_page_never_scrolls_sideways(shown: Browser, width: int) -> None:
    shown.size(width)
    shown.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    wide = "Array.from(document.querySelectorAll('.table')).filter(t => t.scrollWidth > t.clientWidth + 1)"
    found = shown.evaluate(f"{wide}.map(t => t.querySelector('table').id)")
    assert width < 1200 or found == []
    if width == 360:  # what is wider scrolls by itself
        assert shown.evaluate("getComputedStyle(document.querySelector('.card')).overflowX") == "auto"


CONTRAST = """
selector => {
  const light = colour => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255);
    const linear = parts.map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const element = document.querySelector(selector);
  let behind = element;
  while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  const both = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(light);
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""
"""The contrast of an element's text with what is behind it, as WCAG 2 defines it."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_figures_can_be_read_in_the_light_and_in_the_dark(shown: Browser, scheme: str) -> None:
    shown.media("screen", prefers_color_scheme=scheme)
    shown.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    page = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    stroke = shown.evaluate("getComputedStyle(document.querySelector('.card path')).stroke")
    is_dark = [sum(map(int, colour.strip("rgb()").split(","))) < 384 for colour in (page, stroke)]
    assert is_dark == ([True, False] if scheme == "dark" else [False, True])
    marks = [f".mark.{verdict}" for verdict in ("better", "worse", "inconclusive")]
    for selector in (
        "p.claim",
        "td.number",
        "thead th",
        ".hint",
        "figcaption",
        "nav a",
        "a",
        "pre code",
        *marks,
    ):
        assert shown.evaluate(f"({CONTRAST})({selector!r})") >= 4.5, selector


def test_what_is_folded_is_printed_and_tools_are_not(shown: Browser) -> None:
    assert len(shown.pdf()) > 20_000
    shown.media("print", prefers_color_scheme="dark")
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in ("nav", ".tools", ".copy", "details.source"):
        assert shown.evaluate(f"getComputedStyle(document.querySelector('{selector}')).display") == "none"
    assert shown.evaluate("document.querySelector('#table-secondary').offsetParent !== null")
    assert len(column(shown, 0)) == 60


def test_a_screen_reader_finds_its_way(shown: Browser) -> None:
    levels = shown.evaluate(
        "Array.from(document.querySelectorAll('main h1, main h2, main h3'), h => +h.tagName[1])"
    )
    first = levels.index(1)
    assert levels.count(1) == 1 and set(levels[:first]) <= {2}  # warnings stand before the title
    assert all(
        after - before <= 1 for before, after in zip(levels[first:], levels[first + 1 :], strict=False)
    )
    assert shown.evaluate("document.querySelectorAll('main, nav[aria-label], header').length") == 3
    assert (
        shown.evaluate("document.querySelectorAll('table:not(:has(caption)), th:not([scope])').length") == 0
    )
    assert shown.evaluate("document.querySelectorAll('svg:not([role=img][aria-label])').length") == 0
    assert shown.evaluate("document.querySelectorAll('.tools label').length") == 3
    shown.press("Tab", 9)
    assert shown.evaluate("document.activeElement.className") == "skip"
    assert shown.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    shown.press("Enter", 13, "\r")
    assert shown.evaluate("document.activeElement.id") == "answer"
    anchors = "Array.from(document.querySelectorAll('nav a'), a => a.getAttribute('href').slice(1))"
    assert shown.evaluate(f"{anchors}.filter(id => !document.getElementById(id))") == []


def test_text_can_be_copied(shown: Browser) -> None:
    shown.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    button = "document.querySelector('.source .copy')"
    shown.evaluate(f"{button}.click(); new Promise(done => setTimeout(done, 200))")
    assert shown.evaluate(f"{button}.textContent") in ("Copied", "Selected")
