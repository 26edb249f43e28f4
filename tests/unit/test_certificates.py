"""A certificate that is damaged, or another run's, proves nothing: doctor and import say so."""

from __future__ import annotations

import shutil
from pathlib import Path

import archives
import pytest
import stores
from archives import ADDRESS, RUN
from assay.doctor import Looked, examine
from assay.errors import UserError
from assay.finished import CERTIFICATE
from assay.replay import certificate

FACTS = {"address": ADDRESS, "seed": 3, "files": {}, "epochs": []}


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"epochs": []', b'"epochs": {}'))
    assert path.read_bytes() != data


def test_the_doctor_finds_and_removes_a_damaged_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.with_studies(tmp_path, monkeypatch)
    plan = stores.fill("plain")
    folder = stores.job(plan, "train").folder(plan.store)
    certificate.write(folder, {**FACTS, "address": folder.parent.name, "seed": 0})
    path = folder / CERTIFICATE

    def told() -> list[str]:
        found = examine(plan.store, Looked())
        return [finding.text for finding in found if finding.path == path]

    assert told() == []
    flip(path)
    assert len(told()) == 1 and "is damaged" in told()[0]
    fixes = [finding.fix for finding in examine(plan.store, Looked()) if finding.path == path]
    assert fixes[0] is not None and fixes[0]() and not path.exists()
    certificate.write(folder, {**FACTS, "address": ADDRESS, "seed": 0})
    assert len(told()) == 1 and f"is of train {ADDRESS}" in told()[0]


@pytest.mark.parametrize(("seed", "said"), [(3, "is damaged"), (4, "is of")])
def test_an_archive_with_a_false_certificate_is_refused(tmp_path: Path, seed: int, said: str) -> None:
    store = archives.store_of(tmp_path / "author")
    certificate.write(store / RUN, {**FACTS, "seed": 3})
    archives.taken(archives.archive_of(tmp_path / "a.tar.gz", archives.contents_of(store)))
    shutil.rmtree(tmp_path / "store")
    certificate.write(store / RUN, {**FACTS, "seed": seed})
    if seed == 3:
        flip(store / RUN / CERTIFICATE)
    archive = archives.archive_of(tmp_path / "b.tar.gz", archives.contents_of(store))
    with pytest.raises(UserError, match=f"{RUN}/{CERTIFICATE}: {said}"):
        archives.taken(archive)
    assert not (tmp_path / "store" / RUN).exists()
