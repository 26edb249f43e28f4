"""Results of an archive, put into a store: all are checked first, then each is put in place, receipt last.

A result that is there already stays as it is, if it has the same digests. If it has others, that is news: the
same recipe gave other bits, and nothing is imported.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assay import sources
from assay.archive import STORE
from assay.archive.manifest import Manifest, result_at
from assay.errors import UserError
from assay.finished import (
    AGAIN,
    CERTIFICATE,
    FOREIGN,
    SEAL,
    faults,
    find,
    is_finished,
    put_seal,
    read_receipt,
    sealed_files,
)
from assay.places import Place
from assay.recipe import is_as_written
from assay.replay import certificate
from assay.store import (
    FAILURE,
    RECEIPT,
    RECIPE,
    claim,
    is_claimed,
    named_errors,
    remove_parts,
    remove_states,
    seed_of,
    write_atomically,
)
from assay.yamlfile import read

DESCRIBES = "report"
"""The stage whose files also tell where and when runs were computed: they may differ where no bit does."""


def check(unpacked: Path, manifest: Manifest) -> None:
    """Refuse an archive whose results are not what they are said to be.

    Args:
        unpacked: the folder with the archive's store.
        manifest: the archive's.

    Raises:
        UserError: a seal, a receipt, a certificate, a recipe or a module's copy is damaged, or a file belongs
            to nothing.
    """
    store = unpacked / STORE
    owned: set[str] = set()
    for result in manifest.found:
        folder = store / result.path
        for name, fault in faults(folder):
            raise UserError(f"{STORE}/{result.path}/{name}: {fault}")
        _check_receipt(result, read_receipt(folder))
        if problem := certificate.fault(folder, result):
            raise UserError(f"{STORE}/{result.path}/{CERTIFICATE}: {problem}")
        owned |= {f"{result.path}/{name}" for name in (*sealed_files(folder), RECEIPT, SEAL, CERTIFICATE)}
    for result in [*manifest.found, *map(result_at, manifest.left_out)]:
        _check_recipe(result, store, owned)
    for path in manifest.files:
        name = path.removeprefix(f"{STORE}/")
        if path == name or name in owned:
            continue
        place, _, last = name.rpartition("/")
        if place == "code":
            _check_copy(store / name, path)
        elif last != FAILURE or result_at(place).path in manifest.results:
            raise UserError(f"{path}: belongs to no result of the archive")


def _check_receipt(result: Place, receipt: dict[str, Any]) -> None:
    """Refuse a receipt that is of another place."""
    says = (receipt["stage"], receipt["address"], receipt.get("seed"))
    seed = None if result.stage == "prepare" or not result.part else seed_of(result.part)
    if says != (result.stage, result.address, seed):
        raise UserError(f"{STORE}/{result.path}/{RECEIPT}: is of {says[0]} {says[1]}, seed {says[2]}")


def _check_recipe(result: Place, store: Path, owned: set[str]) -> None:
    """Refuse a recipe that is of another address, or is not as it was written."""
    name = f"{result.recipe_folder}/{RECIPE}"
    owned.add(name)
    if not (store / name).is_file():  # a run that was made by hand has its own alone
        return
    content = read(store / name).content
    says = (content.get("stage"), content.get("address")) if isinstance(content, dict) else None
    if says != (result.stage, result.address):
        raise UserError(f"{STORE}/{name}: is not the recipe of {result.stage} {result.address}")
    if is_as_written((store / name).read_text(encoding="utf-8")) is False:
        raise UserError(f"{STORE}/{name}: is damaged: it is not as it was written")


def _check_copy(path: Path, name: str) -> None:
    """Refuse a copy of a module that is another than its name says; drop what this Python cannot read."""
    same = sources.is_own_copy(path)
    if same is False:
        raise UserError(f"{name}: is damaged: it is not the module that its name says")
    if same is None:
        path.unlink()


def compare(unpacked: Path, manifest: Manifest, store: Path) -> tuple[list[str], list[str]]:
    """What is in the store already with other digests than in the archive: results, and reports."""
    results: list[str] = []
    reports: list[str] = []
    for result in manifest.found:
        digests = read_receipt(unpacked / STORE / result.path)["digests"]
        (reports if result.stage == DESCRIBES else results).extend(_differences(store, result.path, digests))
    for path, digests in manifest.left_out.items():
        results += _differences(store, path, digests)
    return results, reports


def _differences(store: Path, path: str, digests: Mapping[str, str]) -> Iterator[str]:
    """One sentence if a finished result in the store has other digests than these."""
    own = read_receipt(store / path)["digests"] if is_finished(store / path) else digests
    if own != digests:
        names = sorted(name for name in {*own, *digests} if own.get(name) != digests.get(name))
        if any(name in (RECEIPT, *names) for name, fault in faults(store / path) if fault != FOREIGN):
            yield f"{store / path}: is damaged; {AGAIN}"
        else:
            where = f"{store / path} and {STORE}/{path} in the archive"
            yield f"{where}: the same recipe gave other bits, in {', '.join(names)}"


def put(unpacked: Path, manifest: Manifest, store: Path) -> tuple[list[Place], list[Place]]:
    """Put the results of a checked archive into a store, with their recipes and the copies of their code.

    Returns:
        those that were new, and those that were there.

    Raises:
        UserError: another process has finished one meanwhile, with other digests.
    """
    source = unpacked / STORE
    for copy in sorted((source / "code").glob("*")):
        if not (store / "code" / copy.name).exists():
            write_atomically(store / "code" / copy.name, copy.read_bytes())
    new: list[Place] = []
    there: list[Place] = []
    for result in manifest.found:
        own, recipe = (place / result.recipe_folder / RECIPE for place in (source, store))
        if own.exists() and not recipe.exists():
            write_atomically(recipe, own.read_bytes())
        (new if _put_result(source, store, result) else there).append(result)
    return new, there


def _put_result(source: Path, store: Path, result: Place) -> bool:
    """Put one result in place, and say whether it was not there yet. Its receipt is the last of it."""
    origin, target = source / result.path, store / result.path
    if is_claimed(target):
        print(f"{target}: another process is at it; waiting", file=sys.stderr)
    with claim(target):
        is_new = find(target) is None  # which puts a receipt back that a killed import did not come to
        if is_new:
            _move_result(origin, target)
        elif result.stage != DESCRIBES:
            for difference in _differences(store, result.path, read_receipt(origin)["digests"]):
                raise UserError(f"{difference}; it was finished while the import ran")
        (target / FAILURE).unlink(missing_ok=True)
        remove_states(target)
        remove_parts(target)
    return is_new


def _move_result(origin: Path, target: Path) -> None:
    """Move a result to a folder that may hold what is left of an attempt at it."""
    names = [*sealed_files(origin), *([CERTIFICATE] if (origin / CERTIFICATE).exists() else [])]
    for name in sealed_files(target):
        if name not in names:
            (target / name).unlink()
    for name in names:
        _move(origin / name, target / name)
    put_seal(target, names, (origin / SEAL).read_bytes(), (origin / RECEIPT).read_bytes())


def _move(source: Path, target: Path) -> None:
    """Move a file, also to a part of the store that lies on another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        with named_errors(target):
            shutil.copyfile(source, part)
        os.replace(part, target)
