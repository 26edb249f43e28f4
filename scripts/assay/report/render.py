"""The report stage: a page that opens anywhere, the same as Markdown, and its figures and tables as files.

    report.html       self-contained: no request to anywhere
    report.md         the same verdicts and tables, with links to the figures
    figures/          each as SVG, PDF and PNG
    tables/           each as CSV and for LaTeX (booktabs), and methods.tex
    references.bib    of the methods that were used

The same inputs give the same bytes: nothing written here holds a host or an absolute path, and no time but
what runs took. The receipt's digests are those of a report without what was measured and where, so that they
are equal when everything is computed again; the seal has every byte.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from assay.receipt import write_receipt
from assay.recipe import Recipe
from assay.report.content import content, contents
from assay.report.drawings import Drawing, draw
from assay.report.inputs import Inputs, gather
from assay.report.tables import breakable
from assay.store import write_atomically

DATA_FILES = ("page.css", "page.html.j2", "page.js", "parts.html.j2", "report.md.j2")
"""What is read beside this module: part of its code (see `assay.closure`)."""
_FOLDER = Path(__file__).parent
_MARKDOWN = re.compile(r"[\\`*_|#$~]|\](?=[(\[:])|<(?=[A-Za-z/!?])|&(?=[\w#]+;)")

_TIED = re.compile(r" (?=[=<>%±] ?)|(?<=[=<>±]) |(?<=%) (?=CI)|(?<=\d,) (?=[\d−])")
"""Spaces at which a formula may not break: `p = .006`, `95 % CI`."""

_SYMBOLS = re.compile(r"\b(d|g)_(z|av)\b")


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
    (out / "figures").mkdir(parents=True, exist_ok=True)  # also where there is nothing to draw
    for name, data in _files(inputs, drawings, store).items():
        write_atomically(out / name, data)
    lasting = _files(inputs.without_surroundings(), [d for d in drawings if d.name != "cost"], store)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in lasting.items()}
    return write_receipt(out, recipe, digests)


def _files(inputs: Inputs, drawings: Sequence[Drawing], store: Path) -> dict[str, bytes]:
    """Name → content of every file of a report."""
    said = content(inputs, store)
    values = said.values | {"drawings": {drawing.name: drawing for drawing in drawings}}
    texts = {"report.html": html(values), "report.md": markdown(values), **said.files()}
    files = {name: text.encode() for name, text in texts.items()}
    for drawing in drawings:
        for ending in ("svg", "pdf", "png"):
            files[f"figures/{drawing.name}.{ending}"] = getattr(drawing, ending)
    return files


def html(values: Mapping[str, Any]) -> str:
    """The page. Everything that comes from a study is escaped, and no script but the page's own may run."""
    script = _source("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    own = {
        "style": _source("page.css"),
        "script": script,
        "script_digest": digest,
        "contents": contents(values),
    }
    return _environment(autoescape=True).get_template("page.html.j2").render(values, **own)


def markdown(values: Mapping[str, Any]) -> str:
    """The same as Markdown. What would be markup in a name is escaped."""
    return _environment(finalize=_plain_in_markdown).get_template("report.md.j2").render(values)


def _source(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))


def _plain_in_markdown(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _MARKDOWN.sub(lambda found: f"\\{found.group()}", " ".join(value.split()))


@cache
def _environment(**options: Any) -> Environment:
    found = Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    found.filters["raw"] = Markup
    found.filters["breakable"] = breakable
    found.filters["symbols"] = lambda text: Markup(_SYMBOLS.sub(r"<i>\1</i><sub>\2</sub>", str(escape(text))))
    found.filters["tied"] = lambda text: _TIED.sub("\N{NO-BREAK SPACE}", text)
    return found
