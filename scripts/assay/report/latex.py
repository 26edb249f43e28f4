"""Text and tables for LaTeX: everything from a study is escaped, tables are drawn with booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "−": "$-$",
    "±": r"$\pm$",
    "–": "--",
    "—": "---",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "²": r"\textsuperscript{2}",
    "ₙ": r"\textsubscript{n}",
    "₉": r"\textsubscript{9}",
    "₅": r"\textsubscript{5}",
    "\N{NO-BREAK SPACE}": "~",
}


def escape(text: str) -> str:
    """Any text as LaTeX that shows it: on one line, for (pdf)LaTeX with UTF-8 input."""
    return "".join(_SPECIAL.get(sign, sign) for sign in re.sub(r"\s*[\r\n]\s*", " ", text))


def table(
    caption: str,
    label: str,
    columns: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    note: str = "",
) -> str:
    """A floating table of a document that uses the package booktabs.

    Args:
        caption: plain text, as all cells are, too.
        label: for `\\ref`.
        columns: one letter a column: l, r or c.
        header: names of the columns, in LaTeX.
        rows: the cells.
        note: plain text below the table.
    """
    lines = [
        "% with booktabs",
        r"\begin{table}",
        r"  \centering\small\setlength{\tabcolsep}{4pt}",
        f"  \\caption{{{escape(caption)}}}",
        f"  \\label{{{label}}}",
        f"  \\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
        r"    \toprule",
        f"    {' & '.join(header)} \\\\",
        r"    \midrule",
        *(f"    {' & '.join(map(_cell, row))} \\\\" for row in rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        *([f"  \\par\\smallskip\\footnotesize {escape(note)}"] if note else []),
        r"\end{table}",
        "",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A cell; a bracket at its beginning must not be read as an argument of the line break before it."""
    found = escape(text)
    return f"{{{found[0]}}}{found[1:]}" if found[:1] in ("[", "*") else found
