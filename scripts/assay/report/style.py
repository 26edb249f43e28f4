"""How all figures look, and how they become bytes that are the same each time.

Colours are those of Okabe and Ito (2008), which colour-blind people can tell apart; each variant also
has a line style and a marker of its own, the same in all figures, so that a black-and-white print is
readable. The text of figures is outlines: it looks the same everywhere.

Within a page, colours are the page's variables where it has them, so that text, lines and white edges of a
figure are those of a dark page, and variants stand out on it. Files are plain.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

WIDTH = 8.4
"""Inches: as wide as the page's column of text; on paper, 80 % of it fits an A4 or letter page."""
INK, PAPER = "#000000", "#ffffff"
GREY = "#767676"
"""Of axes, and of what is said beside the data."""
FAINT = "#d9d9d9"
"""Of lines between rows."""
BAND = "#ececec"
"""Of areas behind the data."""
_GRID = "#e8e8e8"
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
VARIABLES = {
    **{INK: "ink", PAPER: "paper", GREY: "ink-soft", FAINT: "rule", BAND: "band", _GRID: "grid"},
    **{colour.lower(): f"series-{place}" for place, colour in enumerate(_COLOURS, 1)},
}
"""Colour → the page's variable that stands for it in a figure within the page: `--ink`, `--series-1`."""
_LINES: tuple[Any, ...] = (
    (0, (6, 2)),
    (0, (1, 1.2)),
    (0, (6, 1.5, 1, 1.5)),
    (0, (3, 1.2)),
    (0, (8, 1.5, 1, 1.5, 1, 1.5)),
    (0, (10, 3)),
    (0, (3, 1.5, 1, 1.5)),
)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "text.parse_math": False,  # a variant may be named `a_$b$`
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.titley": 1.0,  # no axis stands above a panel: titles need not look for one
    "axes.unicode_minus": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.07,
    "figure.constrained_layout.h_pad": 0.06,
    "svg.hashsalt": "assay",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # text can be found and copied
}


@dataclass(frozen=True)
class Look:
    """What a variant is drawn with."""

    colour: str
    line: Any
    marker: str


def looks(names: list[str], baseline: str) -> dict[str, Look]:
    """A look for each variant: the baseline is solid black, the others differ in all three."""
    others = [name for name in names if name != baseline]
    found = {baseline: Look(INK, "-", "o")}
    for place, name in enumerate(others):
        turn, step = divmod(place, len(_COLOURS))
        found[name] = Look(_COLOURS[step], _LINES[(step + turn) % 7], _MARKERS[(step + 2 * turn) % 7])
    return {name: found[name] for name in names if name in found}


@contextmanager
def sheet(text: str = "") -> Iterator[None]:
    """Draw in this style, whatever the user's own matplotlibrc says.

    Args:
        text: all names that will be drawn. If the font lacks one of their characters (Chinese, …), the
            text of SVG files stays text, and the browser finds a font.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        glyphs = get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
        if not all(ord(character) in glyphs for character in text if character.isprintable()):
            matplotlib.rcParams["svg.fonttype"] = "none"
        yield


def wrap(name: str, width: int) -> str:
    """A long name over several lines, broken after a space or a sign if there is one; nothing is cut."""
    lines = [""]
    for piece in re.findall(r"[^\s,_/=.:;+-]*[\s,_/=.:;+-]+|[^\s,_/=.:;+-]+", name):
        while len(piece.rstrip()) > width:
            room = width - len(lines[-1])
            lines[-1] += piece[:room]
            piece = piece[room:]
            lines.append("")
        if len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.strip() for line in lines if line.strip())


def files(figure: Figure) -> dict[str, bytes]:
    """Ending → the figure as a file of that kind, laid out once: no date, no tool, no random id in any."""
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    figure.set_layout_engine("none")
    dots = png(figure)  # first: its canvas, 100 MB of a tall figure, is gone when another one has drawn
    return {"svg": svg(figure), "pdf": pdf(figure), "png": dots}


def svg(figure: Figure) -> bytes:
    """The figure as a file of its own, without metadata."""
    said = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    return _written(lambda file: FigureCanvasSVG(figure).print_svg(file, metadata=said))


def pdf(figure: Figure) -> bytes:
    """The figure as one page, without metadata."""
    said = dict.fromkeys(("CreationDate", "Creator", "Producer"))
    return _written(lambda file: FigureCanvasPdf(figure).print_pdf(file, metadata=said))


def png(figure: Figure) -> bytes:
    """The figure in 200 dots an inch, without metadata."""
    usual = figure.get_dpi()
    figure.set_dpi(200)
    written = _written(lambda file: FigureCanvasAgg(figure).print_png(file, metadata={"Software": None}))
    figure.set_dpi(usual)
    return written


def inline(file: bytes, prefix: str, description: str) -> str:
    """An SVG file as an element of a page: ids of its own, described for those who do not see it.

    Args:
        description: text that is already escaped for an attribute.
    """
    text = file.decode()
    text = re.sub(r"<!--.*?-->\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'<style type="text/css">.*?</style>', "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    text = _PAINT.sub(lambda found: f"{found[1]}: {_variable(found[2])}", text)
    drawn = f"fill: {_variable(INK)}; stroke-linejoin: round; stroke-linecap: butt"
    return text.replace("<svg ", f'<svg role="img" aria-label="{description}" style="{drawn}" ', 1)


_PAINT = re.compile(rf"\b(fill|stroke): ({'|'.join(VARIABLES)})\b")


def _variable(colour: str) -> str:
    return f"var(--{VARIABLES[colour]}, {colour})"


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    """What a backend writes: it is asked itself, since `savefig` draws everything twice."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        write(buffer)
    return buffer.getvalue()
