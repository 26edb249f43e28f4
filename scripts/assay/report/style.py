"""How all figures look, and how they become bytes that are the same each time.

Colours are those of Okabe and Ito (2008), which colour-blind people can tell apart; each variant also
has a line style and a marker of its own, the same in all figures, so that a black-and-white print is
readable. The text of figures is outlines: it looks the same everywhere.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

WIDTH = 8.4
"""Inches: as wide as the page's column of text; on paper, 80 % of it fits an A4 or letter page."""
GREY = "#767676"
FAINT = "#d9d9d9"
_BASELINE = "#000000"
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
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
    "axes.unicode_minus": True,
    "grid.color": "#e8e8e8",
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "assay",
    "svg.fonttype": "path",
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
    found = {baseline: Look(_BASELINE, "-", "o")}
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


def svg(figure: Figure) -> bytes:
    """The figure as a file of its own: no date, no tool, no random id."""
    return _save(figure, "svg", {"Date": None, "Creator": None, "Format": None, "Type": None})


def png(figure: Figure) -> bytes:
    """The figure in 200 dots an inch, without metadata."""
    return _save(figure, "png", {"Software": None})


def inline(file: bytes, prefix: str, description: str) -> str:
    """An SVG file as an element of a page: ids of its own, described for those who do not see it.

    Args:
        description: text that is already escaped for an attribute.
    """
    text = file.decode()
    text = re.sub(r"<!--.*?-->\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    return text.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1)


def _save(figure: Figure, kind: str, metadata: dict[str, None]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format=kind, dpi=200 if kind == "png" else 72, metadata=metadata)
    return buffer.getvalue()
