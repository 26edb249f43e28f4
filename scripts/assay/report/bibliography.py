"""The papers behind the methods: a reference a key, as BibTeX, for exactly those that a text cites.

A text cites with `[@key]`. Pages show `(Holm, 1979)`, LaTeX gets `\\citep{holm1979}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.report.latex import escape
from assay.report.references import REFERENCES

_CITATION = re.compile(r" ?\[@([\w,@ ]+)\]")


def cited(text: str) -> list[str]:
    """The keys that a text cites, in order of appearance."""
    return list(dict.fromkeys(key for found in _CITATION.findall(text) for key in _keys(found)))


def named(text: str) -> str:
    """The text with `(Holm, 1979)` for each citation."""
    return _CITATION.sub(lambda found: f" ({'; '.join(map(_short, _keys(found[1])))})", text)


def to_latex(text: str) -> str:
    """The text as LaTeX, with `\\citep{holm1979}` for each citation (of the package natbib)."""
    pieces, end = [], 0
    for found in _CITATION.finditer(text):
        pieces += [escape(text[end : found.start()]), f" \\citep{{{','.join(_keys(found[1]))}}}"]
        end = found.end()
    return "".join([*pieces, escape(text[end:])])


def bibtex(keys: Iterable[str]) -> str:
    """The entries of a `.bib` file, in alphabetical order of their keys."""
    return "\n".join(_entry(key) for key in sorted(set(keys)))


def _keys(found: str) -> list[str]:
    return [key.strip().removeprefix("@") for key in found.split(",")]


def _entry(key: str) -> str:
    kind, fields = REFERENCES[key]
    width = max(map(len, fields))
    lines = [f"  {name:<{width}} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _short(key: str) -> str:
    """`Benjamini & Hochberg, 1995`."""
    fields = REFERENCES[key][1]
    names = [_plain(author.partition(",")[0]) for author in fields["author"].split(" and ")]
    who = f"{names[0]} et al." if len(names) > 2 else " & ".join(names)
    return f"{who}, {fields['year']}"


def _plain(name: str) -> str:
    """A family name without LaTeX: `M{\\"o}lder` becomes `Mölder`."""
    for accent, sign in ((r"{\"o}", "ö"), (r"{\'a}", "á"), (r"{\'e}", "é")):
        name = name.replace(accent, sign)
    return name.replace("{", "").replace("}", "")
