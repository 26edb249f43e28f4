"""Copies of code: how much of a module or of a data file changed since one was kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from assay import sources
from assay.siblings import lines_changed


@pytest.mark.parametrize(
    ("name", "before", "now", "told"),
    [
        ("mine.model", b"SIZE = 3\n", b"SIZE = 4\nWIDTH = 5\n", "2 lines added, 1 removed"),
        (
            "mine.model",
            b"# coding: latin-1\nNAME = '\xfc'\n",
            b"# coding: latin-1\nNAME = '\xe4'\n",
            "1 line added, 1 removed",
        ),
        ("mine.model/page.html", b"a\nb\n", b"a\n", "0 lines added, 1 removed"),
        ("mine.model/table.npz", b"PK\x03\x04\xff\xfe", b"PK\x03\x04\xff\xff", "another content of the file"),
    ],
)
def test_what_changed_is_counted_where_it_has_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, before: bytes, now: bytes, told: str
) -> None:
    copy, file = sources.kept(tmp_path, "0" * 64), tmp_path / "now"
    copy.parent.mkdir()
    copy.write_bytes(before)
    file.write_bytes(now)
    monkeypatch.setattr("assay.closure.file_of", lambda name: file)
    assert lines_changed(tmp_path, name, "0" * 64, "1" * 64) == f"{name}: {told}"
