"""Two clones of the project on one store: neither corrupts, overwrites or loses what the other makes."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from assay.finished import SEAL, damage, read_receipt
from assay.store import claim, is_claimed

from workflow.conftest import Project, clone


def started(project: Project, store: Path) -> subprocess.Popen[str]:
    """A call of Snakemake on the small study, with results in a store of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--config", "study=small"],
        cwd=project.root,
        env=os.environ | {"ASSAY_RESULTS": str(store)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def receipts(store: Path) -> dict[str, str]:
    """Every receipt of a store, by its place; the report's bytes also tell of the environment."""
    found = (path for path in store.rglob("receipt.json") if "report" not in path.parts)
    return {str(path.relative_to(store)): path.read_text() for path in found}


def trainings(store: Path) -> list[int]:
    """How often each run of a store was begun."""
    events = [path.read_text().splitlines() for path in store.glob("train/*/seed-*/events.jsonl")]
    return [sum(json.loads(line)["event"] == "on_start" for line in lines) for lines in events]


def test_the_same_study_at_once(finished: Project, tmp_path: Path) -> None:
    store = tmp_path / "store"
    calls = [started(clone(tmp_path / name), store) for name in ("one", "two")]
    said = [call.communicate()[0] for call in calls]
    assert [call.returncode for call in calls] == [0, 0], said
    assert receipts(store) == receipts(finished.results)
    assert trainings(store) == [1] * 4
    damaged = [text for seal in store.rglob(SEAL) for text in damage(seal.parent)]
    assert damaged == []


def test_a_receipt_that_another_call_deletes_is_no_loss(project: Project) -> None:
    """As Snakemake does when it starts a job that it planned before the result was finished."""
    run = sorted(project.results.glob("train/*/seed-0"))[0]
    before, text = trainings(project.results), (run / "receipt.json").read_text()
    (run / "receipt.json").unlink()
    assert read_receipt(run) == json.loads(text)  # who reads it meanwhile finds it
    assert project.snakemake("-n").jobs == {}
    assert (run / "receipt.json").read_text() == text
    (run / "receipt.json").unlink()
    [recipe] = run.parent.glob("recipe.yaml")
    prepared = next(project.results.glob("prepare/*/fixed"))
    arguments = ("--seed", "0", "--planned", "--quiet", "--prepared", str(prepared), "--out", str(run))
    outcome = project.python("scripts/train.py", "--recipe", str(recipe), *arguments)
    assert outcome.code == 0, outcome.text
    assert (run / "receipt.json").read_text() == text
    assert trainings(project.results) == before


def test_what_a_call_finished_before_it_was_ended_counts(project: Project) -> None:
    """Snakemake marks the outputs of a job until it sees its end; what lies there is whole, and goes on."""
    marks = project.root / ".snakemake/incomplete"
    marks.mkdir(parents=True, exist_ok=True)
    for receipt in project.results.glob("evaluate/*/seed-*/receipt.json"):
        name = str(receipt.relative_to(project.root)).encode()
        (marks / base64.b64encode(name).decode()).touch()
    for stage in ("aggregate/*", "compare", "report"):
        for folder in project.results.glob(f"{stage}/*"):
            for name in ("receipt.json", SEAL):
                (folder / name).unlink()
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    assert outcome.jobs == {"aggregate_variant": 2, "aggregate_study": 1, "compare": 1, "report": 1}


def test_a_damaged_result_whose_receipt_is_gone_is_made_again(project: Project) -> None:
    run = sorted(project.results.glob("train/*/seed-0"))[0]
    before = receipts(project.results)
    with (run / "best.pt").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    (run / "receipt.json").unlink()
    for stage in ("evaluate", "aggregate", "compare", "report"):  # what reads it is still to be made
        shutil.rmtree(project.results / stage)
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    assert receipts(project.results) == before
    assert sorted(trainings(project.results)) == [1, 1, 1, 2]


def test_a_claim_ends_with_its_owner(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom assay.store import claim\n"
        f"with claim(Path({str(tmp_path)!r})):\n    print('claimed', flush=True)\n    time.sleep(600)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    assert owner.stdout is not None and owner.stdout.readline() == b"claimed\n"
    assert is_claimed(tmp_path)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    began = time.monotonic()
    with claim(tmp_path):
        assert time.monotonic() - began < 60
    assert not is_claimed(tmp_path)
