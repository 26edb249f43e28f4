"""Stores of a few small results, and archives of them, for the tests of export and import."""

from __future__ import annotations

from pathlib import Path

from assay.archive import tarball
from assay.archive.contents import Contents, of_file, of_text
from assay.archive.importing import Imported, import_archive
from assay.archive.manifest import SCHEMA, Manifest, digest
from assay.finished import finish
from assay.jsonfile import to_json
from assay.store import RECIPE
from assay.syntax import source_digest
from assay.yamlfile import dump

ADDRESS = "0123456789ab-01234567"
DATA = f"prepare/{ADDRESS}/fixed"
RUN = f"train/{ADDRESS}/seed-3"
REPORT = f"report/{ADDRESS}"
MODULE = source_digest(b"X = 1\n")
RESULTS = (DATA, RUN, REPORT)


def result(store: Path, path: str, weights: str = "weights", text: str = "text") -> Path:
    """A finished result of two files, one of them in a folder."""
    stage, address = path.split("/")[:2]
    folder = store / path
    (folder / "figures").mkdir(parents=True)
    recipe = {"stage": stage, "address": address, "upstream": {}, "code": {"m": MODULE}}
    text_of_recipe = dump(recipe)
    first = f"# sha256: {digest(text_of_recipe.encode())}\n"
    (store / stage / address / RECIPE).write_text(first + text_of_recipe)
    (store / "code").mkdir(exist_ok=True)
    (store / "code" / MODULE).write_text("X = 1  # a comment\n")
    (folder / "best.pt").write_text(weights)
    (folder / "figures/curve.svg").write_text(text)
    seed = {"seed": int(path[-1])} if "seed-" in path else {}
    digests = {"best.pt": digest(weights.encode())}
    finish(
        folder,
        to_json({"stage": stage, "address": address, "status": "finished", **seed, "digests": digests}),
    )
    return folder


def store_of(folder: Path, *paths: str) -> Path:
    """A store with these results, or with one of each kind."""
    for path in paths or RESULTS:
        result(folder, path)
    return folder


def contents_of(store: Path) -> Contents:
    """The files of a store, and one of the project's."""
    contents = Contents({}, {"results/studies/s/a/seed-3": f"../../../{RUN}"})
    for path in sorted(path for path in store.rglob("*") if path.is_file() and path.name != ".claim"):
        contents.add(f"results/{path.relative_to(store).as_posix()}", of_file(path))
    contents.add("README.md", of_text("read me"))
    return contents


def manifest_of(contents: Contents, **changes: object) -> Manifest:
    """The manifest that fits the contents, but for the changes."""
    fields: dict[str, object] = {
        "schema_version": SCHEMA,
        "exported": {"study": "s"},
        "results": [path for path in RESULTS if f"results/{path}/seal.json" in contents.files],
        "missing": [],
        "left_out": {},
        "data_files": {},
        "lock": None,
        "computed_with": {},
        "files": contents.listed(),
        "links": contents.links,
    }
    return Manifest.model_construct(**(fields | changes))


def archive_of(path: Path, contents: Contents, **changes: object) -> Path:
    """An archive of the contents."""
    text = manifest_of(contents, **changes).text().encode()
    tarball.write(path, f"s-{digest(text)[:12]}", text, contents, lambda amount: None)
    return path


def taken(archive: Path, dry_run: bool = False) -> Imported:
    return import_archive(archive, archive.parent / "store", lambda text: None, dry_run)


def state(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".claim"
    }
