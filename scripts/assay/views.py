"""Views: links for people, from names to addresses. They are made anew at every call and hold nothing.

<store>/studies/<study>/report.html, report.md, figures, tables, references.bib,
                        runs.csv, summary.csv, comparisons.csv
<store>/studies/<study>/<variant>/seed-<n>, <variant>/evaluation/seed-<n>
"""

from __future__ import annotations

import os
from collections.abc import Iterator
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
        for folder, folders, files in os.walk(root, topdown=False):
            for name in (*folders, *files):
                path = Path(folder, name)
                if path.is_symlink() and path not in wanted:
                    path.unlink(missing_ok=True)
            if folder != str(root) and not os.listdir(folder):
                with suppress(OSError):  # another call of the workflow is at it, too
                    os.rmdir(folder)
        for path, target in wanted.items():
            _link(path, target)


def _links(store: Path, plan: StudyPlan) -> Iterator[tuple[Path, Path]]:
    """(link, target) of everything of a study that exists."""
    root = view_folder(store, plan.study.name)

    def results(recipe: Recipe, names: tuple[str, ...]) -> Iterator[tuple[Path, Path]]:
        folder = recipe.folder(store)
        if is_finished(folder):
            yield from ((root / name, folder / name) for name in names)

    yield from results(plan.report, _REPORT)
    yield from results(plan.aggregate, _TABLES)
    yield from results(plan.compare, _COMPARISONS)
    for variant in plan.variants:
        named = root / variant_folder(variant.variant.name)
        for seed in map(seed_folder, plan.study.seeds):
            run = variant.train.folder(store) / seed
            if run.exists():
                yield named / seed, run
            if variant.evaluate and (measured := variant.evaluate.folder(store) / seed).exists():
                yield named / "evaluation" / seed, measured


def _link(path: Path, target: Path) -> None:
    relative = os.path.relpath(target, path.parent)
    if path.is_symlink() and os.readlink(path) == relative:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.symlink_to(relative)
    os.replace(new, path)
