"""An archive's bytes are those of its contents and of nothing else; what belongs to a project, and where."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import archives
import pytest
from assay.archive import project, results
from assay.archive.contents import Contents, of_file, of_text
from assay.archive.manifest import result_at
from assay.archive.selection import Selection
from assay.closure import closure, forget
from assay.configuration import configure
from assay.errors import UserError
from assay.places import Place
from assay.plan import load_plan


def test_the_same_contents_are_the_same_bytes_wherever_and_whenever_they_lie(tmp_path: Path) -> None:
    one = archives.store_of(tmp_path / "one/results")
    other = tmp_path / "other place/store"
    shutil.copytree(one, other)
    for path in other.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1e9, 1e9))
    first = archives.archive_of(tmp_path / "first.tar.gz", archives.contents_of(one))
    contents = archives.contents_of(other)
    contents.files = dict(reversed(contents.files.items()))
    second = archives.archive_of(tmp_path / "second.tar.gz", contents)
    assert first.read_bytes() == second.read_bytes()


def test_nothing_of_machine_person_and_time_is_in_an_archive(tmp_path: Path) -> None:
    path = archives.archive_of(tmp_path / "a.tar.gz", archives.contents_of(archives.store_of(tmp_path / "s")))
    header = path.read_bytes()[:10]
    assert header[3] == 0 and header[4:8] == bytes(4)  # gzip: no name; no time
    with tarfile.open(path) as tar:
        members = tar.getmembers()
    assert members[0].name.endswith("/MANIFEST.json")
    assert [m.name for m in members[1:]] == sorted(m.name for m in members[1:])
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}
    assert {(m.type, m.mode) for m in members} == {(tarfile.REGTYPE, 0o644), (tarfile.SYMTYPE, 0o777)}
    assert b"MANIFEST" in gzip.decompress(path.read_bytes())[:200]


def test_another_file_is_never_overwritten_and_the_same_archive_is_no_error(tmp_path: Path) -> None:
    contents = archives.contents_of(archives.store_of(tmp_path / "s"))
    path = archives.archive_of(tmp_path / "a.tar.gz", contents)
    before = path.read_bytes()
    archives.archive_of(path, contents)
    assert path.read_bytes() == before
    contents.files["README.md"] = of_text("another")
    with pytest.raises(UserError, match="exists and is another file"):
        archives.archive_of(path, contents)
    path.write_bytes(before[:-100])
    contents.files["README.md"] = of_text("read me")
    with pytest.raises(UserError, match="exists, and is damaged"):
        archives.archive_of(path, contents)
    assert path.read_bytes() == before[:-100]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz", "s"]


def test_a_file_that_changes_meanwhile_stops_it(tmp_path: Path) -> None:
    contents = archives.contents_of(archives.store_of(tmp_path / "s"))
    weights = tmp_path / "s" / archives.RUN / "best.pt"
    weights.write_text("WEIGHTS")
    with pytest.raises(UserError, match=r"best\.pt: changed while it was exported"):
        archives.archive_of(tmp_path / "a.tar.gz", contents)
    weights.write_text("w")
    with pytest.raises(UserError, match=r"best\.pt: became shorter"):
        archives.archive_of(tmp_path / "a.tar.gz", contents)
    assert not (tmp_path / "a.tar.gz").exists()


def test_the_largest_seed_has_a_place() -> None:
    path = f"train/{archives.ADDRESS}/seed-{2**63 - 1}"
    assert (
        result_at(path) == Place("train", archives.ADDRESS, f"seed-{2**63 - 1}")
        and result_at(path).path == path
    )


def selected(store: Path) -> Selection:
    found = tuple(Place(*path.split("/")) for path in archives.RESULTS)
    return Selection("s", {"run": archives.RUN, "study": "s", "variant": "a"}, store, found, {}, (), (), ())


def test_only_what_is_sealed_is_exported(tmp_path: Path) -> None:
    store = archives.store_of(tmp_path / "store")
    run = store / archives.RUN
    for name in (".claim", "error.log", "resume.pt", ".best.pt.7.part", "notes of mine.txt"):
        (run / name).write_text("x")
    (run / "certificate.json").write_text("{}")
    (run / "receipt.json").unlink()  # as Snakemake does when it begins a job that is finished
    contents = Contents()
    assert results.add_results(contents, selected(store), False, lambda n: None) == {}
    own = {n.rpartition("seed-3/")[2] for n in contents.files if n.startswith(f"results/{archives.RUN}/")}
    assert own == {"best.pt", "figures/curve.svg", "receipt.json", "seal.json", "certificate.json"}
    receipt = contents.files[f"results/{archives.RUN}/receipt.json"].source
    assert isinstance(receipt, bytes) and b'"status": "finished"' in receipt
    assert contents.links == {"results/studies/s/a/seed-3": f"../../../{archives.RUN}"}


def test_data_that_are_left_out_leave_nothing_that_looks_finished(tmp_path: Path) -> None:
    contents = Contents()
    store = archives.store_of(tmp_path / "store")
    left = results.add_results(contents, selected(store), True, lambda n: None)
    assert list(left) == [archives.DATA] and list(left[archives.DATA]) == ["best.pt"]
    assert [n for n in contents.files if "/prepare/" in n] == [
        f"results/prepare/{archives.ADDRESS}/recipe.yaml"
    ]


@pytest.mark.parametrize(
    "name",
    [
        *(f"{archives.RUN}/{name}" for name in ("best.pt", "seal.json", "figures/curve.svg")),
        *(f"train/{archives.ADDRESS}/recipe.yaml", f"code/{archives.MODULE}"),
    ],
)
def test_a_damaged_result_stops_the_export(tmp_path: Path, name: str) -> None:
    store = archives.store_of(tmp_path / "store")
    data = bytearray((store / name).read_bytes())
    data[-2 if name.endswith(".yaml") else 0] ^= 1
    (store / name).write_bytes(data)
    with pytest.raises(UserError, match=f"{name}: is damaged.*assay doctor --fix"):
        results.add_results(Contents(), selected(store), False, lambda n: None)


def test_data_that_were_prepared_by_hand_have_no_recipe(tmp_path: Path) -> None:
    store = archives.store_of(tmp_path / "author")
    (store / archives.DATA).parent.joinpath("recipe.yaml").unlink()
    contents = Contents()
    results.add_results(contents, selected(store), False, lambda n: None)
    found = archives.taken(archives.archive_of(tmp_path / "a.tar.gz", contents), dry_run=True)
    assert len(found.new) == 3


def test_a_project_is_its_own_files(tmp_path: Path) -> None:
    root = tmp_path / "project"
    for name in (
        *("Snakefile", "workflow/profiles/default/config.yaml", "scripts/assay/a.py", "docs/bits.md"),
        *(
            "scripts/__pycache__/a.pyc",
            "scripts/assay.egg-info/PKG-INFO",
            "scripts/.hidden/x",
            "scripts/a.py~",
        ),
        *("results/x", "notes/private.txt", "config/studies/other.yaml", "config/accepted.yaml"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/b.py").write_text("b")
    (root / "scripts/lib").symlink_to(tmp_path / "lib")
    (tmp_path / "lib/circle").symlink_to(tmp_path / "lib")
    (root / "profiles").symlink_to("workflow/profiles")
    contents = Contents()
    project.add_project(contents, root)
    assert set(contents.files) == {
        *("Snakefile", "workflow/profiles/default/config.yaml", "scripts/assay/a.py", "docs/bits.md"),
        *("scripts/lib/b.py", "config/accepted.yaml"),
    }
    assert contents.links == {"profiles": "workflow/profiles"}


def test_modules_of_the_user_s_lie_where_they_are_imported_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "lab/__init__.py": "", "lab/nets.py": "from lab import tools", "lab/tools.py": "DATA_FILES = ('t.csv',)",
        "lab/t.csv": "1", "lab/unused.py": "", "space/deep.py": "import lab.nets",
    }.items():  # fmt: skip
        (tmp_path / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "own")
    forget()
    contents = Contents()
    contents.add("lab/nets.py", of_file(tmp_path / "own/lab/nets.py"))
    recipe: Any = SimpleNamespace(code=closure(["space.deep"]))
    project.add_modules(contents, [recipe])
    assert set(contents.files) == {
        "lab/__init__.py",
        "lab/nets.py",
        "lab/tools.py",
        "lab/t.csv",
        "space/deep.py",
    }
    (tmp_path / "own/lab/tools.py").write_text("X = 1")
    with pytest.raises(UserError, match="two different files"):
        contents.add("lab/tools.py", of_file(tmp_path / "own/lab/tools.py"))


STUDY = """\
base:
  data: {source: {name: csv, path: data/points.csv, target: label}}
  model: presets/tiny
  training: {epochs: 5}
variants: {a: {}, b: {model.dropout: 0.5}}
seeds: 3
comparisons: {metric: accuracy}
"""


def test_the_archive_s_configuration_leads_to_the_same_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The study lies outside the project, with a preset of its own; results lie elsewhere; overrides are given."""
    for name, text in {
        "project/config/config.yaml": f"study: other\nmachine: {{results: {tmp_path}/store, data: {tmp_path}}}\n",
        "project/config/presets/model/tiny.yaml": "{name: mlp, widths: [999]}",
        "paper/presets/model/tiny.yaml": "{name: mlp, widths: [3]}",
        "paper/mine.yaml": STUDY,
        "data/points.csv": "a,label\n" + "1,x\n2,y\n" * 30,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path / "project")
    changes: dict[str, Any] = {
        "study": [f"{tmp_path}/paper/mine.yaml"], "smoke": True, "set": "training.learning_rate=0.5",
    }  # fmt: skip
    plan, settings = load_plan(**changes), configure(**changes).settings
    contents = Contents()
    project.add_configuration(contents, settings, plan.studies[0].study, "cpu")
    found = project.add_data_files(contents, plan.recipes.values(), tmp_path, True)
    assert list(found) == ["data/points.csv"]
    for name, entry in contents.files.items():
        target = tmp_path / "unpacked" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(entry.source if isinstance(entry.source, bytes) else entry.source.read_bytes())
    monkeypatch.chdir(tmp_path / "unpacked")
    assert load_plan().recipes.keys() == plan.recipes.keys()
    assert str(load_plan().store) == "results"
    assert str(tmp_path) not in (tmp_path / "unpacked/config/config.yaml").read_text()


def test_the_command_of_another_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is that of the project"):
        project.require_own_code(tmp_path)


def test_python_s_own_tarfile_unpacks_it_safely(tmp_path: Path) -> None:
    store = archives.store_of(tmp_path / "s")
    path = archives.archive_of(tmp_path / "a.tar.gz", archives.contents_of(store))
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    [root] = (tmp_path / "out").iterdir()
    assert (root / "results/studies/s/a/seed-3/best.pt").read_text() == "weights"
