"""Views: links for people, from names to addresses. They are made anew at every call and hold nothing.

<store>/studies/<study>/report.html, report.md, figures, tables, references.bib,
                        runs.csv, summary.csv, comparisons.csv
<store>/studies/<study>/<variant>/seed-<n>, <variant>/evaluation/seed-<n>
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from assay.finished import is_finished
from assay.plan import Plan, StudyPlan
from assay.recipe import Recipe
from assay.store import seed_folder

_REPORT = ("report.html", "report.md", "figures", "tables", "references.bib")
_TABLES = ("runs.csv", "summary.csv")
_COMPARISONS = ("comparisons.csv",)
_OWN = (*_REPORT, *_TABLES, *_COMPARISONS)
"""Names in a study's view that no variant's folder may have."""


def view_folder(store: Path, study: str) -> Path:
    """Where the view of a study lies."""
    return store / "studies" / study


def variant_folder(name: str) -> str:
    """A variant's name as a folder's: letters, digits, spaces and a few signs as they are, others %XX."""
    quoted = quote(name, safe=" ,=+()")
    return f"%{quoted}" if quoted.startswith(".") or quoted in _OWN else quoted


def make_views(plan: Plan) -> None:
    """Link every result that exists; remove links of what a study does not name any more."""
    for study in plan.studies:
        root = view_folder(plan.store, study.study.name)
        wanted = dict(_links(plan.store, study))
        there = dict(_tidied(str(root), wanted))
        for path, target in wanted.items():
            if there.get(path) != target:
                _link(Path(path), target)


def _tidied(folder: str, wanted: Container[str], is_root: bool = True) -> Iterator[tuple[str, str]]:
    """(link, target) of the wanted links below a folder; other links and empty folders are removed."""
    try:
        entries = list(os.scandir(folder))
    except OSError:  # there is none
        return
    for entry in entries:
        with suppress(FileNotFoundError):  # another call of the workflow is at it, too
            if not entry.is_symlink():
                if entry.is_dir():
                    yield from _tidied(entry.path, wanted, is_root=False)
            elif entry.path in wanted:
                yield entry.path, os.readlink(entry.path)
            else:
                os.unlink(entry.path)
    if not is_root:
        with suppress(OSError):  # it is not empty
            os.rmdir(folder)


def _links(store: Path, plan: StudyPlan) -> Iterator[tuple[str, str]]:
    """(link, its target as it is written) of everything of a study that exists."""
    root = view_folder(store, plan.study.name)

    def results(recipe: Recipe, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        folder = recipe.folder(store)
        if is_finished(folder):
            shown = os.path.relpath(folder, root)
            yield from ((f"{root}/{name}", f"{shown}/{name}") for name in names)

    def seeds(recipe: Recipe, named: Path) -> Iterator[tuple[str, str]]:
        folder = recipe.folder(store)
        shown = os.path.relpath(folder, named)
        for seed in map(seed_folder, plan.study.seeds):
            if os.path.exists(f"{folder}/{seed}"):
                yield f"{named}/{seed}", f"{shown}/{seed}"

    yield from results(plan.report, _REPORT)
    yield from results(plan.aggregate, _TABLES)
    yield from results(plan.compare, _COMPARISONS)
    for variant in plan.variants:
        named = root / variant_folder(variant.variant.name)
        yield from seeds(variant.train, named)
        if variant.evaluate:
            yield from seeds(variant.evaluate, named / "evaluation")


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.symlink_to(target)
    os.replace(new, path)
