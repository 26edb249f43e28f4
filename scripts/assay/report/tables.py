"""A table of the report: made once, written as HTML, Markdown, LaTeX and CSV.

Cells hold the text that people read and, where it stands for a number, that number in full.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markupsafe import Markup

from assay.report import latex

Kind = Literal["text", "number", "interval", "verdict"]
Value = float | int | str | tuple[float | str, float | str] | None
"""A number, both ends of an interval, or a text; None where it is the text of the cell."""
_ACROSS = 5
"""Columns of `mean ± sd` that fit beside each other."""
_LATEX_WIDTH = 28
"""Texts that are longer are broken over lines in LaTeX."""


_BREAKS = re.compile(r"(?<=[_/=:,-])(?=[^\s_/=.:,-])|(?<=\.)(?=[^\W\d])")


def breakable(name: str) -> Markup:
    """A name as HTML that may be broken after the signs that join its words."""
    return Markup("<wbr>").join(_BREAKS.split(name))


@dataclass(frozen=True)
class Column:
    """What stands above a column, and how its cells are set."""

    name: str
    kind: Kind = "number"
    symbol: str = ""
    """Of a statistic, as `d_z`: shown instead of the name where it can be set as one."""
    extra: bool = False
    """Hidden until all columns are asked for."""

    @property
    def html(self) -> Markup:
        """The name, with the symbol's index below the line, and places where a long name may break."""
        if self.symbol:
            letter, _, index = self.symbol.partition("_")
            return Markup("<i>{}</i><sub>{}</sub>{}").format(letter, index, self._after_symbol)
        return breakable(self.name)

    @property
    def in_file(self) -> tuple[str, ...]:
        """The columns of a CSV file: one, or the two ends of an interval."""
        return (f"{self.name} low", f"{self.name} high") if self.kind == "interval" else (self.name,)

    @property
    def latex(self) -> str:
        """The name, or the symbol as a formula."""
        if not self.symbol:
            return latex.escape(self.name)
        letter, _, index = self.symbol.partition("_")
        index = rf"\mathrm{{{index}}}" if len(index) > 1 else index
        return f"${letter}_{{{index}}}$" + latex.escape(self._after_symbol)

    @property
    def _after_symbol(self) -> str:
        return self.name.removeprefix(self.symbol)


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table."""

    text: str
    value: Value = None
    """What the text stands for: files and sorting use it."""
    link: str = ""
    """Where the text leads, relative to the page."""


@dataclass(frozen=True)
class Table:
    """Rows under columns; the first cell of a row names it."""

    name: str
    """Of its files, and of its place in the page."""
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    """How to read it."""
    shared: int = 0
    """Columns at the left that each part repeats where a table is too wide for a page; 0: one part."""

    def parts(self, width: int = _ACROSS) -> list[Table]:
        """The table, or tables that have so many columns of their own at most."""
        groups = _groups(range(self.shared, len(self.columns)), width)
        if not self.shared or len(groups) < 2:
            return [self]
        return [
            replace(
                self,
                name=f"{self.name}-{place}" if place > 1 else self.name,
                caption=f"{self.caption} ({place} of {len(groups)})",
                columns=[*self.columns[: self.shared], *(self.columns[at] for at in group)],
                rows=[[*row[: self.shared], *(row[at] for at in group)] for row in self.rows],
                note=self.note if place == len(groups) else "",
                shared=0,
            )
            for place, group in enumerate(groups, 1)
        ]

    def __bool__(self) -> bool:
        return bool(self.rows)

    def to_csv(self) -> str:
        """The table with its numbers in full, an interval as two columns; what there is not, is empty."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(name for column in self.columns for name in column.in_file)
        for row in self.rows:
            written: list[Value] = []
            for column, cell in zip(self.columns, row, strict=True):
                value = cell.text if cell.value is None else cell.value
                both = value if isinstance(value, tuple) else ("", "")
                written += both if column.kind == "interval" else (value,)
            writer.writerow(written)
        return text.getvalue()

    def to_latex(self, study: str) -> str:
        """The table for a document that uses booktabs.

        Args:
            study: its name begins the label.
        """
        parts = self.parts()
        if len(parts) > 1:
            return "\n".join(part.to_latex(study) for part in parts)
        columns = "".join(self._latex_column(place) for place in range(len(self.columns)))
        texts = [[cell.text for cell in row] for row in self.rows]
        label = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in study)
        return latex.table(
            self.caption, f"tab:{label}-{self.name}", columns,
            [column.latex for column in self.columns], texts, self.note,
        )  # fmt: skip

    def _latex_column(self, place: int) -> str:
        if self.columns[place].kind in ("number", "interval"):
            return "r"
        longest = max((len(row[place].text) for row in self.rows), default=0)
        return "p{4cm}" if longest > _LATEX_WIDTH else "l"


def text(shown: str, value: Value = None, link: str = "") -> Cell:
    """A cell; its value is its text unless another is given."""
    return Cell(shown, shown if value is None else value, link)


def number(shown: str, value: float | int | None) -> Cell:
    """A cell with a number; where there is none, files have an empty cell."""
    return Cell(shown, "" if value is None else value)


def interval(shown: str, low: float | None, high: float | None) -> Cell:
    """A cell with an interval; where there is none, files have empty cells."""
    return Cell(shown, ("", "") if low is None or high is None else (low, high))


def _groups(places: range, size: int) -> list[range]:
    """The places in groups of nearly equal size, none larger than `size`."""
    count = -(-len(places) // size)
    ends = [round(len(places) * part / count) for part in range(count + 1)] if count else []
    return [places[start:end] for start, end in itertools.pairwise(ends)]
