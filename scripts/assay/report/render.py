"""The report stage: a page that opens anywhere, the same as Markdown, and its figures as files.

    report.html    self-contained: no request to anywhere
    report.md      the same verdicts and tables, with links to the figures
    figures/       differences, seeds and learning-curves, each as SVG and PNG

The same inputs give the same bytes: nothing written here holds a time, a host or an absolute path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from assay.receipt import file_digests, write_receipt
from assay.recipe import Recipe
from assay.report import captions, curves, figures, style
from assay.report.content import content
from assay.report.inputs import Inputs, gather
from assay.store import write_atomically

DATA_FILES = ("page.css", "page.html.j2", "report.md.j2")
"""What is read beside this module: part of its code (see `assay.closure`)."""
_MARKDOWN = re.compile(r"[\\`*_|#$~]|\](?=[(\[:])|<(?=[A-Za-z/!?])|&(?=[\w#]+;)")

_TIED = re.compile(r" (?=[=<>%±] ?)|(?<=[=<>±]) |(?<=%) (?=CI)|(?<=\d,) (?=[\d−])")
"""Spaces at which a formula may not break: `p = .006`, `95 % CI`."""


@dataclass(frozen=True)
class Drawing:
    """A figure that is ready for a page."""

    name: str
    caption: str
    svg: bytes
    png: bytes

    @property
    def inline(self) -> Markup:
        """The figure as an element of the page, described by its caption."""
        return Markup(style.inline(self.svg, self.name, str(escape(self.caption))))


def render(recipe: Recipe, store: Path, out: Path) -> dict[str, Any]:
    """Write the report of a study and return its receipt.

    Args:
        recipe: of the report stage.
        store: where the stages before have put their results.
        out: folder for the report.

    Raises:
        UserError: a file of a stage before is missing or damaged.
    """
    inputs = gather(recipe, store)
    drawings = draw(inputs)
    values = content(inputs, store) | {"drawings": {drawing.name: drawing for drawing in drawings}}
    files: dict[str, str | bytes] = {"report.html": html(values), "report.md": markdown(values)}
    for drawing in drawings:
        files[f"figures/{drawing.name}.svg"] = drawing.svg
        files[f"figures/{drawing.name}.png"] = drawing.png
    (out / "figures").mkdir(parents=True, exist_ok=True)  # also where there is nothing to draw
    for name, data in files.items():
        write_atomically(out / name, data)
    return write_receipt(out, recipe, file_digests(out, list(files)))


def draw(inputs: Inputs) -> list[Drawing]:
    """The figures that the results allow, in the page's order."""
    compared, scale = inputs.compared, inputs.scale
    looks = style.looks(inputs.names, compared["baseline"])
    values = {name: inputs.values(name) for name in inputs.names}
    finished = {(run.variant, run.seed) for run in inputs.runs if run.finished}
    rows = [
        row in finished for row in zip(inputs.histories["variant"], inputs.histories["seed"], strict=True)
    ]
    histories = inputs.histories[rows]
    shown = curves.shown(histories, scale)
    drawings = []
    with style.sheet("".join(inputs.names)):
        if any(test["n"] for test in compared["comparisons"]):
            figure = figures.differences(compared, scale, looks)
            drawings.append(_drawing("differences", figure, captions.differences(inputs)))
        if any(values.values()):
            figure = figures.seeds(values, compared["baseline"], scale, compared["higher_is_better"], looks)
            drawings.append(_drawing("seeds", figure, captions.seeds(inputs)))
        if shown:
            figure = curves.learning(histories, shown, looks)
            drawings.append(_drawing("learning-curves", figure, captions.learning(inputs, shown)))
    return drawings


def html(values: Mapping[str, Any]) -> str:
    """The page. Everything that comes from a study is escaped."""
    return _environment(autoescape=True).get_template("page.html.j2").render(values)


def markdown(values: Mapping[str, Any]) -> str:
    """The same as Markdown. What would be markup in a name is escaped."""
    return _environment(finalize=_plain_in_markdown).get_template("report.md.j2").render(values)


def _plain_in_markdown(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _MARKDOWN.sub(lambda found: f"\\{found.group()}", " ".join(value.split()))


def _environment(**options: Any) -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    found.filters["raw"] = Markup
    found.filters["tied"] = lambda text: _TIED.sub("\N{NO-BREAK SPACE}", text)
    return found


def _drawing(name: str, figure: Figure, caption: str) -> Drawing:
    return Drawing(name, caption, style.svg(figure), style.png(figure))
