"""Programs are called as the workflow's rules call them, and a temporary store is removed however all ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from assay import finished
from assay.cohorts import forked
from assay.cohorts.run import Cohort
from assay.errors import UserError
from assay.jobs import Job, jobs
from assay.jsonfile import to_json
from assay.plan import Plan, load_plan
from assay.replay.programs import Replay, epochs_done, seconds
from assay.replay.temporary import ABANDONED, temporary_store
from assay.rule_files import RuleFiles
from assay.store import claim
from conftest import ROOT

STUDY = {
    "base": {"model": {"name": "mlp", "widths": [4]}, "data": {"source": "digits", "split": {"seed": "run"}}},
    "variants": {
        "taught": {"task": {"name": "distillation", "teacher": "large"}, "loss": "distillation"},
        "large": {"model.widths": [7]},
    },
    "seeds": [3, 5],
    "comparisons": {"metric": "accuracy"},
}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    monkeypatch.chdir(tmp_path)
    path = Path("config/studies/small.yaml")
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(STUDY, sort_keys=False))
    yield load_plan({"study": "small"})


def by_cohort(plan: Plan, job: Job, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the job that trains and evaluates starts for one step of a seed."""
    with monkeypatch.context() as patch:
        patch.setattr(forked, "start", lambda program, arguments, log: [str(program), *arguments])
        return Cohort((), plan.machine).start(job)  # type: ignore[return-value]


def rule(plan: Plan, job: Job) -> str:
    """What the rule's shell command is for a job, by the rule's own text."""
    stage, address = job.recipe.stage, job.recipe.address
    text = (ROOT / f"workflow/rules/{stage.split('/')[0]}.smk").read_text()
    name = stage.replace("/", "_")
    body = text[text.index(f"rule {name}:") :]
    command = "".join(re.findall(r'"(.*)"', body[body.index("shell:") :].split("\n\n")[0]))
    files, folder = RuleFiles(plan), os.path.dirname
    made = {
        "input.recipe:q": job.recipe.folder(plan.store) / "recipe.yaml",
        "input.recipe": job.recipe.folder(plan.store) / "recipe.yaml",
        "params.out:q": job.folder(plan.store),
        "params.store:q": plan.store,
        "params.data:q": plan.machine.data,
        "wildcards.part": job.part,
    }
    if stage == "compare":
        made["params.runs:q"] = folder(files.study_table(stage, address))
    command = command.partition(" >")[0].partition(" 2>")[0]
    return re.sub(r"\{([^}]+)\}", lambda found: str(made[found[1]]), command)


def test_each_program_is_called_as_its_rule_calls_it(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = Replay(plan.store, tmp_path / "again", plan.machine, ("prepare", "train"))
    stages = set()
    for job in jobs(plan.studies[0]):
        recipe = job.recipe.folder(plan.store) / "recipe.yaml"
        own = replay.command(job.recipe, job.part, recipe)
        ours = sorted([own[0], *own[1:], "--out", str(job.folder(plan.store))])
        if job.recipe.stage in ("train", "evaluate"):
            assert ours == sorted(by_cohort(plan, job, monkeypatch)), job
        else:
            assert ours == sorted([own[0], *rule(plan, job).split()[2:]]), job
        stages.add(job.recipe.stage)
    assert len(stages) == 7


def test_what_was_computed_again_is_read_where_that_was_asked_for(plan: Plan, tmp_path: Path) -> None:
    again = tmp_path / "again"
    found = {
        job.recipe.stage: job
        for job in jobs(plan.studies[0])
        if job.part == "seed-3" and job.variant == "taught"
    }
    runs = [
        job
        for job in jobs(plan.studies[0])
        if job.recipe.stage in ("prepare", "train") and job.part == "seed-3"
    ]
    for job in runs:
        job.folder(again).mkdir(parents=True)
        receipt = {
            "stage": job.recipe.stage,
            "address": job.recipe.address,
            "status": "finished",
            "digests": {},
        }
        finished.finish(job.folder(again), to_json(receipt))
    for stages in (("prepare", "train"), ("prepare",), ()):
        replay = Replay(plan.store, again, plan.machine, stages)
        evaluate = replay.command(found["evaluate"].recipe, "seed-3", Path("r"))
        train = replay.command(found["train"].recipe, "seed-3", Path("r"))
        for command, option, stage in (
            (evaluate, "--run", "train"),
            (evaluate, "--prepared", "prepare"),
            (train, "--prepared", "prepare"),
        ):
            root = again if stage in stages else plan.store
            assert command[command.index(option) + 1] == str(found[stage].folder(root))
        [teacher] = [argument for argument in train if argument.startswith("--read=")]
        assert teacher.startswith(f"--read=teacher={plan.store}/train/")


def test_a_program_that_fails_says_why(plan: Plan, tmp_path: Path) -> None:
    replay = Replay(plan.store, tmp_path / "again", plan.machine, ())
    compare = plan.studies[0].compare
    with pytest.raises(UserError, match=rf"^compare {compare.address}: .*there is no finished result here"):
        replay.make(compare, "")


def test_a_temporary_store_is_removed_and_so_are_those_of_killed_processes(tmp_path: Path) -> None:
    store = tmp_path / "results"
    left, fresh, busy = (tmp_path / f".results.replay-{name}" for name in ("left", "fresh", "busy"))
    for folder in (left, fresh, busy):
        folder.mkdir()
    for folder in (left, busy):
        (folder / ".claim").touch()
        os.utime(folder, (time.time() - 2 * ABANDONED,) * 2)
    with claim(busy), pytest.raises(ZeroDivisionError), temporary_store(store) as folder:
        assert folder.parent == tmp_path and folder.is_dir()
        assert busy.exists() and fresh.exists() and not left.exists()
        raise ZeroDivisionError
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_removes_it_too(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom assay.replay.temporary import temporary_store\n"
        f"with temporary_store(Path({str(tmp_path / 'results')!r})) as folder:\n"
        "    print(folder, flush=True)\n    time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    assert folder.is_dir()
    process.send_signal(number)
    process.wait(timeout=20)
    assert not folder.exists()


def test_how_long_a_run_took_and_how_far_one_is(tmp_path: Path) -> None:
    assert seconds(tmp_path) == 0 and epochs_done(tmp_path / "events.jsonl") == 0
    (tmp_path / "metrics.csv").write_text("epoch,split,seconds\n1,train,2.5\n1,validation,0.25\n2,train,2\n")
    assert seconds(tmp_path) == 4.75
    lines = ['{"event": "on_start"}', '{"event": "on_epoch_end", "epoch": 7}', '{"event": "on_epoch_e']
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    assert epochs_done(tmp_path / "events.jsonl") == 7
