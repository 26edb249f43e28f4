"""What the page says, as plain values and tables for its templates and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.notation import metric_label
from assay.report import audit, bibliography, comparisons, design, runs, summaries, verdict
from assay.report.cells import pair_name
from assay.report.classes import class_results
from assay.report.inputs import Inputs
from assay.report.methods import methods
from assay.report.phrases import level
from assay.report.provenance import baseline_settings, reproduce, variant_row
from assay.report.tables import Column, Table, number, text
from assay.words import listed

_FIRST_WARNINGS = 4
_FIRST_SENTENCES = 6
"""How many are shown before a reader asks for the others."""
_NOT_PRINTED = ("runs", "confusion")
"""Tables that are no LaTeX."""
_NATBIB = "% with natbib; \\bibliography{references} has the entries\n"
_LONG = 40
"""Classes from which on tables of them wait to be opened."""


@dataclass(frozen=True)
class Content:
    """All that the report says, except its figures."""

    values: dict[str, Any]
    """Names that the templates use."""
    tables: list[Table]
    """Those that are files as well: CSV, and LaTeX unless they are too long to print."""
    bibtex: str
    """The references, a `.bib` file."""
    latex: str
    """The methods for a paper."""
    study: str
    """The study's name."""

    def files(self) -> dict[str, str]:
        """Name → text of every file beside the page."""
        found = {"references.bib": self.bibtex, "tables/methods.tex": self.latex}
        for table in self.tables:
            found[f"tables/{table.name}.csv"] = table.to_csv()
            if table.name not in _NOT_PRINTED:
                found[f"tables/{table.name}.tex"] = table.to_latex(self.study)
        return found


def content(inputs: Inputs, store: Path) -> Content:
    """Everything that the report says."""
    compared, settings = inputs.compared, inputs.settings
    paragraph = methods(inputs)
    bibtex = bibliography.bibtex(bibliography.cited(paragraph))
    decided = comparisons.comparison_tables(inputs)
    several = {
        "arms": [summaries.arms(inputs)],
        "metrics": [summaries.metrics(inputs)],
        "classes": summaries.by_class(inputs),
        "cost": [table for table in [summaries.cost(inputs)] if table],
        "runs": [runs.runs(inputs)],
    }
    tables = [*decided.values(), *(table for group in several.values() for table in group)]
    tables += [table for table in [confusion(inputs)] if table]
    warnings = audit.warnings(inputs)
    values = {
        "title": settings.question or settings.study,
        "study": settings.study,
        "notes": [part.strip() for part in settings.notes.split("\n\n") if part.strip()],
        "warnings": warnings,
        "first_warnings": _first(len(warnings), _FIRST_WARNINGS),
        "facts": design.facts(inputs),
        "headline": verdict.headline(inputs),
        "marks": verdict.MARKS,
        "metric": metric_label(inputs.metric),
        "baseline": inputs.baseline,
        "level": level(compared),
        "comparisons": compared["comparisons"],
        "first_sentences": _first(len(compared["comparisons"]), _FIRST_SENTENCES),
        "remarks": _remarks(inputs),
        "tables": decided,
        **several,
        "open_classes": _open(several["classes"]),
        "variant_names": inputs.names,
        "narrow": len(inputs.names) < 4,
        "stages": list(dict.fromkeys(s for v in inputs.variants for s in v["addresses"])),
        "variants": [variant_row(inputs, variant) for variant in inputs.variants],
        "environment": audit.environment(inputs),
        "baseline_settings": baseline_settings(inputs),
        "reproduce": reproduce(inputs, store),
        "methods": bibliography.named(paragraph),
        "bibtex": bibtex,
        "files": [_file(table) for table in tables] + [("methods", "Methods", [("LaTeX", "tex")])],
        "latex_table": decided["comparisons"].to_latex(settings.study) if "comparisons" in decided else "",
    }  # fmt: skip
    return Content(values, tables, bibtex, f"{_NATBIB}{bibliography.to_latex(paragraph)}\n", settings.study)


def contents(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(id, title) of the parts that a page has."""
    drawings, tables = values["drawings"], values["tables"]
    parts = [
        ("answer", "Answer", True),
        ("seeds", "Every seed", "seeds" in drawings),
        ("distributions", "Distributions", "distributions" in drawings),
        ("learning", "Learning curves", "learning-curves" in drawings),
        ("classes", "Classes", bool(values["classes"])),
        ("cost", "Cost", bool(values["cost"])),
        ("numbers", "Numbers", True),
        ("lost", "Lost runs", "dropped" in tables),
        ("runs", "All runs", True),
        ("provenance", "Provenance", True),
        ("methods", "Methods", True),
    ]
    return [(name, title) for name, title, there in parts if there]


def _remarks(inputs: Inputs) -> list[tuple[str, str]]:
    """(comparisons, note) of what a careful reader adds."""
    found: dict[str, list[str]] = {}
    for test in inputs.compared["comparisons"]:
        for note in test["notes"]:
            found.setdefault(note, []).append(pair_name(inputs, test))
    return [(listed(pairs), note) for note, pairs in found.items()]


def _first(count: int, most: int) -> int:
    """How many of so many to show at once: all, if it is but one more."""
    return count if count <= most + 1 else most


def _open(tables: Sequence[Table]) -> list[str]:
    """Of the tables by class, the one that is shown: of F1, else of the first measure; none if long."""
    if not tables or len(tables[0].rows) > _LONG:
        return []
    return [next((table.name for table in tables if table.name == "class-f1"), tables[0].name)]


def _file(table: Table) -> tuple[str, str, list[tuple[str, str]]]:
    """Name, caption, and (kind, ending) of the files of a table."""
    kinds = [("CSV", "csv")] if table.name in _NOT_PRINTED else [("CSV", "csv"), ("LaTeX", "tex")]
    return table.name, table.caption, kinds


def confusion(inputs: Inputs) -> Table:
    """The confusion matrices of all variants, a row a cell; a file only."""
    columns = [
        Column("variant", "text"),
        Column("true", "text"),
        Column("predicted", "text"),
        Column("share"),
        Column("runs"),
    ]
    rows = [
        [
            text(result.variant),
            text(result.classes[row]),
            text(result.classes[column]),
            number(f"{share:.4f}", share),
            number(str(result.n), result.n),
        ]
        for result in class_results(inputs)
        for row, shares in enumerate(result.confusion)
        for column, share in enumerate(shares)
    ]
    return Table("confusion", "Confusion matrices, mean over seeds", columns, rows)
