"""Receipts that are gone: put back for what is as it was sealed, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import stores
from assay import finished, receipts
from assay.jobs import Job, jobs
from assay.plan import Plan
from assay.store import RECEIPT, claim


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    stores.with_studies(tmp_path, monkeypatch)
    return stores.fill("plain")


def run(plan: Plan, number: int = 0) -> Path:
    """The folder of one of the runs, whose receipt is gone."""
    found: list[Job] = [job for job in jobs(plan.studies[0]) if job.recipe.stage == "train"]
    folder = found[number].folder(plan.store)
    (folder / RECEIPT).unlink(missing_ok=True)
    return folder


def test_every_receipt_of_what_is_whole_is_put_back(plan: Plan) -> None:
    every = sorted(plan.store.rglob(RECEIPT))
    before = [path.read_text() for path in every]
    for path in every:
        path.unlink()
    receipts.restore(plan)
    assert [path.read_text() for path in every] == before


def test_what_is_damaged_is_made_again(plan: Plan, caplog: pytest.LogCaptureFixture) -> None:
    names = ("metrics.json", "figures/curve.png", finished.SEAL)
    paths = [run(plan, number) / name for number, name in enumerate(names)]
    for path in paths:
        path.write_bytes(path.read_bytes() + b" ")
    receipts.restore(plan)
    assert not any(map(finished.is_finished, {run(plan, number) for number in range(3)}))
    assert all(f"{path}: is damaged" in caplog.text for path in paths) and "made again" in caplog.text


def test_a_result_that_was_emptied_meanwhile_gets_no_receipt(plan: Plan) -> None:
    """As `assay gc` leaves it that was killed after the receipt, or that comes to the seal next."""
    folder = run(plan)
    (folder / "metrics.json").unlink()
    receipts.restore(plan)
    assert not (folder / RECEIPT).exists()


def test_what_another_process_holds_is_left_to_it(plan: Plan) -> None:
    """Planning does not wait for a job: the claim would be held for as long as that computes."""
    folder, other = run(plan), run(plan, 1)
    with claim(folder):
        receipts.restore(plan)
        assert not (folder / RECEIPT).exists() and (other / RECEIPT).exists()
    receipts.restore(plan)
    assert (folder / RECEIPT).exists()


def test_a_finished_result_is_not_looked_at(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning stays fast."""
    monkeypatch.setattr(finished, "find", lambda folder: pytest.fail(f"looked at {folder}"))
    receipts.restore(plan)
