"""The store's part of an archive: results as they were sealed, their recipes, code and views."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from assay import sources
from assay.archive import STORE
from assay.archive.contents import Contents, Entry, of_file, of_text
from assay.archive.selection import Selection
from assay.errors import UserError
from assay.finished import AGAIN, CERTIFICATE, FOREIGN, SEAL, faults, read_receipt, read_seal
from assay.jsonfile import to_json
from assay.places import Place
from assay.plan import Plan
from assay.recipe import code_of, is_as_written
from assay.store import FAILURE, RECEIPT, RECIPE, seed_of
from assay.views import make_views, variant_folder, view_folder
from assay.yamlfile import parse


def add_results(
    contents: Contents, selection: Selection, without_data: bool, advance: Callable[[int], None]
) -> dict[str, dict[str, str]]:
    """Add every result of a selection, its recipe, the code that it names, and views.

    Args:
        contents: what they are added to.
        selection: the results.
        without_data: leave prepared data out.
        advance: told of every result that was looked at.

    Returns:
        what was left out: folder of the result → file → digest.

    Raises:
        UserError: a result is damaged.
    """
    store, left_out, included = selection.store, {}, []
    for result in selection.results:
        folder = store / result.path
        recipe = f"{result.recipe_folder}/{RECIPE}"
        missing = f"{STORE}/{recipe}" not in contents.files
        if missing and (store / recipe).is_file():  # there is none where it was made by hand
            contents.add(f"{STORE}/{recipe}", _recipe(store / recipe))
        if without_data and result.stage == "prepare":
            left_out[result.path] = dict(read_receipt(folder)["digests"])
        else:
            for name, entry in _sealed(folder):
                contents.files[f"{STORE}/{result.path}/{name}"] = entry
            included.append(result)
        advance(1)
    for result in selection.failed:
        contents.add(f"{STORE}/{result.path}/{FAILURE}", of_file(store / result.path / FAILURE))
    for digest in sorted(_code(contents)):
        if (copy := sources.kept(store, digest)).is_file():
            if sources.is_own_copy(copy) is False:
                raise UserError(f"{copy}: is damaged: it is not the module that its name says; {AGAIN}")
            contents.add(f"{STORE}/code/{digest}", of_file(copy))
    views = _study_views(selection.plan, included) if selection.plan else _run_views(selection, included)
    contents.links |= {f"{STORE}/{link}": target for link, target in views.items()}
    return left_out


def _recipe(path: Path) -> Entry:
    """The recipe of an address.

    Raises:
        UserError: it is not as it was written.
    """
    data = path.read_bytes()
    if is_as_written(data.decode(errors="replace")) is False:
        raise UserError(f"{path}: is damaged: it is not as it was written; {AGAIN}")
    return of_file(path)


def _sealed(folder: Path) -> Iterator[tuple[str, Entry]]:
    """The files of a finished result, each as its seal says that it is; others that lie beside them are not.

    Raises:
        UserError: one is not.
    """
    wrong = [
        f"{folder / name}: {fault}"
        for name, fault in faults(folder)
        if fault != FOREIGN and (name, fault) != (RECEIPT, "is missing")
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more in this folder)" if len(wrong) > 1 else ""
        raise UserError(f"{wrong[0]}{more}; {AGAIN}")
    seal = read_seal(folder)
    for name, digest in seal["files"].items():
        path = folder / name
        if name == RECEIPT and not path.exists():  # another call of the workflow is about to put it back
            yield name, of_text(to_json(seal["receipt"]))
        else:
            yield name, Entry(path, path.stat().st_size, digest)
    yield SEAL, of_file(folder / SEAL)
    if (folder / CERTIFICATE).is_file():
        yield CERTIFICATE, of_file(folder / CERTIFICATE)


def _code(contents: Contents) -> set[str]:
    """The digests of all modules that the recipes in an archive name."""
    recipes = {entry.digest: entry for path, entry in contents.files.items() if path.endswith(f"/{RECIPE}")}
    found: set[str] = set()
    for entry in recipes.values():
        assert isinstance(entry.source, Path)
        found.update(code_of(parse(entry.source.read_text(encoding="utf-8"), str(entry.source))))
    return found


def _study_views(plan: Plan, results: list[Place]) -> dict[str, str]:
    """The links that the workflow makes for people, of a store that holds these results: link → target."""
    with TemporaryDirectory() as folder:
        store = Path(folder)
        for result in results:
            (store / result.path).mkdir(parents=True)
            (store / result.path / RECEIPT).touch()
        make_views(replace(plan, store=store))
        links = (path for path in (store / "studies").rglob("*") if path.is_symlink())
        return {path.relative_to(store).as_posix(): os.readlink(path) for path in links}


def _run_views(selection: Selection, results: list[Place]) -> dict[str, str]:
    """The same for a run, under the study and the variant that it was made for."""
    made, run = selection.exported, Path(selection.exported["run"])
    if not (made.get("study") and made.get("variant")):
        return {}
    named = view_folder(Path(), made["study"]) / variant_folder(made["variant"])
    views = {named / run.name: run}
    for result in results:
        if result.stage == "evaluate" and seed_of(result.part) == seed_of(run):
            views.setdefault(named / "evaluation" / run.name, Path(result.path))
    return {link.as_posix(): os.path.relpath(target, link.parent) for link, target in views.items()}
