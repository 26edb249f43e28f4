"""Writing what others read or write at the same time: whole files, and no entry of a ledger lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from assay import accepted
from assay.accepted import Entry
from assay.store import write_atomically


def started(work: Callable[[], None], failures: list[BaseException]) -> threading.Thread:
    def caught() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=caught)
    thread.start()
    return thread


def test_two_threads_put_the_same_file_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have written their part before either is renamed."""
    both, failures, sync = threading.Barrier(2), [], os.fsync
    waited = threading.local()

    def waiting(descriptor: int) -> None:
        sync(descriptor)
        if not getattr(waited, "done", False):
            waited.done = True
            both.wait(10)

    monkeypatch.setattr(os, "fsync", waiting)
    path = tmp_path / "recipe.yaml"
    threads = [started(lambda: write_atomically(path, "content\n"), failures) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert failures == [] and path.read_text() == "content\n"
    assert list(tmp_path.iterdir()) == [path]


def entry(recipe: str) -> Entry:
    return Entry("train", recipe, "11111111", "22222222", "2026-01-02", "digits/plain", ["m"], {"seed": 0})


def test_two_who_accept_at_once_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one ends while the first has read the ledger and not yet written it."""
    monkeypatch.setenv(accepted.OTHER_LEDGER, str(tmp_path / "config/accepted.yaml"))
    accepted.forget()
    first, failures, others = threading.current_thread(), [], []

    def late(file: Path, text: str) -> None:
        if threading.current_thread() is first:
            others.append(started(lambda: accepted.add([entry("b" * 12)]), failures))
            others[0].join(1)
        write_atomically(file, text)

    monkeypatch.setattr(accepted, "write_atomically", late)
    accepted.add([entry("a" * 12)])
    others[0].join(10)
    assert failures == [] and not others[0].is_alive()
    assert [found.recipe[0] for found in accepted.entries()] == ["a", "b"]
    assert [path.name for path in (tmp_path / "config").iterdir()] == ["accepted.yaml"]
    accepted.forget()
