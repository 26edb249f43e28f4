"""Archives that anyone may have made: what could do harm, or is not what it says, is refused whole."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import archives
import pytest
from archives import ADDRESS, DATA, REPORT, RUN, state, taken
from assay.archive import unpack
from assay.archive.contents import Contents, of_text
from assay.errors import UserError
from assay.finished import finish

Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return archives.contents_of(archives.store_of(tmp_path / "author"))


def assert_refused(archive: Path, said: str) -> None:
    """It is said why, and nothing anywhere is another than before."""
    before = state(archive.parent)
    with pytest.raises(UserError, match=said):
        taken(archive)
    assert state(archive.parent) == before
    assert sorted(p.name for p in archive.parent.iterdir()) in (
        ["a.tar.gz", "author"],
        ["a.tar.gz", "author", "store"],
    )


def repacked(archive: Path, change: Callable[[Members, str], None]) -> Path:
    """The same archive with other members, as anyone can make one by hand."""
    with tarfile.open(archive) as tar:
        members = [(m, tar.extractfile(m).read() if m.isreg() else b"") for m in tar]
    root = members[0][0].name.split("/")[0]
    change(members, root)
    with tarfile.open(archive, "w:gz") as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))
    return archive


def added(name: str, data: bytes = b"", **fields: Any) -> Callable[[Members, str], None]:
    def change(members: Members, root: str) -> None:
        member = tarfile.TarInfo(name.format(root=root))
        member.size = len(data)
        for key, value in fields.items():
            setattr(member, key, value)
        members.append((member, data))

    return change


def replaced(name: str, **fields: Any) -> Callable[[Members, str], None]:
    def change(members: Members, root: str) -> None:
        [(member, _)] = [found for found in members if found[0].name == f"{root}/{name}"]
        for key, value in fields.items():
            setattr(member, key, value)

    return change


WEIGHTS = f"results/{RUN}/best.pt"
LINK = "results/studies/s/a/seed-3"
BY_HAND = {
    "an absolute path": (added("/tmp/evil", b"x"), "lies outside"),
    "a way up": (added("{root}/../../evil", b"x"), "not a path inside"),
    "another folder": (added("evil", b"x"), "lies outside"),
    "a file that is not listed": (added("{root}/results/evil", b"x"), "is not the file that MANIFEST"),
    "a file twice": (added("{root}/README.md", b"read me"), "README.md: stands twice"),
    "a link out": (replaced(LINK, linkname="../../../../../../etc"), "is a link to"),
    "an absolute link": (replaced(LINK, linkname="/etc"), "is a link to"),
    "a link in place of a file": (replaced("README.md", type=tarfile.SYMTYPE, size=0, linkname="x"), "is a link to"),
    "a hard link": (added("{root}/x", type=tarfile.LNKTYPE, linkname="/etc/passwd"), "neither a file nor"),
    "a device": (added("{root}/x", type=tarfile.CHRTYPE, devmajor=1), "neither a file nor"),
    "a pipe": (added("{root}/x", type=tarfile.FIFOTYPE), "neither a file nor"),
    "a folder": (added("{root}/results/x", type=tarfile.DIRTYPE), "neither a file nor"),
    "a shorter file": (replaced(WEIGHTS, size=3), "is not the file that MANIFEST"),
    "other bytes": (lambda members, root: _set(members, f"{root}/README.md", b"READ ME"), "README.md: is damaged"),
    "a file too few": (lambda members, root: members.pop(), "is not complete: results/"),
    "no manifest": (lambda members, root: members.pop(0), "does not begin with its MANIFEST"),
    "the manifest later": (lambda members, root: members.append(members.pop(0)), "does not begin with"),
    "another manifest": (
        lambda members, root: _set(members, f"{root}/MANIFEST.json", members[0][1].replace(b'"s"', b'"t"')),
        "its digest is not the one in the folder's name",
    ),
    "a header that is a bomb": (added("{root}/x", pax_headers={"comment": "x" * 2_000_000}), "unpacks to more"),
}  # fmt: skip


def _set(members: Members, name: str, data: bytes) -> None:
    [index] = [index for index, (member, _) in enumerate(members) if member.name == name]
    members[index][0].size = len(data)
    members[index] = (members[index][0], data)


@pytest.mark.parametrize("name", BY_HAND)
def test_an_archive_made_by_hand_is_refused(tmp_path: Path, contents: Contents, name: str) -> None:
    change, said = BY_HAND[name]
    assert_refused(repacked(archives.archive_of(tmp_path / "a.tar.gz", contents), change), said)


def test_a_bomb_is_not_unpacked(tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest of a few bytes, said to be many: no more is read than any manifest may have."""
    monkeypatch.setattr(unpack, "_LARGEST_MANIFEST", 1_000_000)
    member = tarfile.TarInfo("s-0123456789ab/MANIFEST.json")
    member.size = 50_000_000
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb") as file:
        file.write(member.tobuf() + bytes(member.size))
    assert_refused(path, "larger than any")
    member.name, member.pax_headers = "s-0123456789ab/x", {"comment": "x" * 3_000_000}
    with gzip.open(path, "wb") as file:
        file.write(member.tobuf(tarfile.PAX_FORMAT))
    assert_refused(path, "unpacks to more")


@pytest.mark.parametrize("size", [0, 100, -200])
def test_what_is_no_archive_or_only_half_of_one_is_refused(
    tmp_path: Path, contents: Contents, size: int
) -> None:
    path = archives.archive_of(tmp_path / "a.tar.gz", contents)
    path.write_bytes(path.read_bytes()[:size])
    assert_refused(path, "is no archive of Assay|does not begin")
    path.write_bytes(b"no archive")
    assert_refused(path, "is no archive of Assay")


OF_MANIFESTS: dict[str, tuple[dict[str, Any], str]] = {
    "a newer Assay": ({"schema_version": 2}, "is of a newer Assay"),
    "a link out": ({"links": {"x/y": "../../etc"}}, "leads out of the archive"),
    "an absolute link": ({"links": {"x": "/etc"}}, "leads out of the archive"),
    "a result elsewhere": ({"results": ["../train"]}, "is no place of a result"),
    "a file of a result": ({"results": [f"{RUN}/best.pt"]}, "is no place of a result"),
    "a result that is none": ({"results": [RUN, f"train/{ADDRESS}/seed-4"]}, r"seed-4/seal.json: is missing"),
    "a result that is not listed": ({"results": [DATA, REPORT]}, "belongs to no result|is not the recipe"),
    "a key that is none": ({"lock": "x"}, "lock: "),
}


@pytest.mark.parametrize("name", OF_MANIFESTS)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, contents: Contents, name: str) -> None:
    changes, said = OF_MANIFESTS[name]
    contents.links = changes.get("links", contents.links)
    assert_refused(archives.archive_of(tmp_path / "a.tar.gz", contents, **changes), said)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (f"results/{RUN}/seal.json", "{}\n", "seal.json: is damaged"),
        (f"results/{RUN}/best.pt", "other", "best.pt: is damaged"),
        (f"results/{RUN}/receipt.json", "{}\n", "receipt.json: is damaged"),
        (f"results/{RUN}/more.txt", "more", "more.txt: is no file of this result"),
        (f"results/train/{ADDRESS}/recipe.yaml", f"stage: train\naddress: {ADDRESS[::-1]}\n", "is not the recipe of"),
        (f"results/code/{'0' * 64}", "X = 1\n", "is not the module that its name says"),
        ("results/stray.txt", "x", "no place of a result|belongs to no result"),
    ],
)  # fmt: skip
def test_a_result_that_is_not_as_it_was_sealed_is_refused(
    tmp_path: Path, contents: Contents, name: str, text: str, said: str
) -> None:
    """The manifest fits: whoever made the archive has written it anew."""
    contents.files[name] = of_text(text)
    assert_refused(archives.archive_of(tmp_path / "a.tar.gz", contents), said)


def test_a_receipt_of_another_address_is_refused(tmp_path: Path) -> None:
    store = archives.store_of(tmp_path / "author")
    text = (store / RUN / "receipt.json").read_text().replace('"seed": 3', '"seed": 4')
    finish(store / RUN, text)
    assert_refused(
        archives.archive_of(tmp_path / "a.tar.gz", archives.contents_of(store)), "is of train .* seed 4"
    )
