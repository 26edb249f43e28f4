"""Which runs one job computes, which rules there are for that, and programs in forked processes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from assay.cohorts import devices, forked
from assay.cohorts.rules import train_rules
from assay.jobs import jobs
from assay.plan import Plan, load_plan
from assay.rule_files import RuleFiles
from stores import PLAIN, TAUGHT, fill, write_study


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A study of which two variants read one another's runs, and another one; nothing is computed."""
    monkeypatch.chdir(tmp_path)
    write_study("plain", {**PLAIN, "seeds": 9})
    write_study("taught", TAUGHT)
    return load_plan({"study": ["plain", "taught"]})


def made(plan: Plan, cores: int | None, number: int | str, is_main: bool = True) -> dict[str, list[str]]:
    """Receipt → the rules that make it, found as Snakemake finds them: by the patterns of their outputs."""
    wanted_receipts = [
        (job.recipe.stage, job.recipe.address, job.part)
        for study in plan.studies
        for job in jobs(study)
        if job.recipe.stage == "evaluate" or (job.recipe.stage == "train" and study.study.name == "taught")
    ]
    found: dict[str, list[str]] = {}
    own_plan = replace(plan, machine=plan.machine.model_copy(update={"seeds_per_job": number}))
    rules = list(train_rules(RuleFiles(own_plan), cores, is_main))
    assert len({rule.name for rule in rules}) == len(rules)
    shared = [rule for rule in rules if rule.shared]
    assert len({rule.log for rule in shared}) == len(shared)
    for rule in shared:
        assert len(repr(rule)) < 1_000, (
            "Snakemake takes the text of whatever rules are given, again and again"
        )
        nothing = SimpleNamespace()
        assert {str(Path(name).parents[1] / "recipe.yaml") for name in rule.outputs} == {
            *rule.recipes(nothing)
        }
        assert not {*rule.outputs} & {*rule.read(nothing)}, "a job would wait for itself"
    for stage, address, part in wanted_receipts:
        receipt = f"{plan.store}/{stage}/{address}/{part}/receipt.json"
        own = found.setdefault(receipt, [])
        for rule in rules:
            if address not in rule.addresses.split("|") and "[" not in rule.addresses:
                continue
            values = {"stage": stage, "address": address, "seed": part.removeprefix("seed-")}
            if receipt in [output.format(**values) for output in rule.outputs]:
                own.append(rule.name)
                computed = rule.computed(SimpleNamespace(**values))  # type: ignore[arg-type]
                own_seeds = [item.seeds for item in computed if item.recipe.address == address]
                assert any(int(values["seed"]) in seeds for seeds in own_seeds)
    return found


@pytest.mark.parametrize("number", [1, 2, 4, 100, "auto"])
def test_each_result_is_made_by_one_rule(plan: Plan, number: int | str) -> None:
    for receipt, names in made(plan, 2, number).items():
        assert len(names) == 1, receipt
    on_a_cluster = made(plan, None, number)
    for receipt, names in on_a_cluster.items():
        assert len(names) == 1, receipt
        assert set(names) <= set(made(plan, None, number, is_main=False)[receipt])  # where it is computed


def test_what_is_trained_is_evaluated_by_a_rule_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_study("plain", {**PLAIN, "seeds": 4})
    fill("plain")
    evaluation = {"evaluation": {"split": "validation"}}
    write_study("plain", {**PLAIN, "seeds": 4, "base": {**PLAIN["base"], **evaluation}})
    assert {name for [name] in made(load_plan({"study": "plain"}), 2, 1).values()} == {"evaluate"}
    write_study("plain", {**PLAIN, "seeds": 6})
    names = {name for names in made(load_plan({"study": "plain"}), 1, 2).values() for name in names}
    assert names == {"train_2_seeds_from_4"}  # of what is finished nothing is made again
    names = {name for names in made(load_plan({"study": "plain"}), 1, "auto").values() for name in names}
    assert names == {"train_1_of_1"}
    write_study("plain", {**PLAIN, "seeds": 6, "base": {**PLAIN["base"], **evaluation}})
    names = {name for names in made(load_plan({"study": "plain"}), 1, "auto").values() for name in names}
    assert names == {"train_1_of_1"}  # some of its seeds are not trained
    more = {**PLAIN["variants"], "new": {"model.widths": [3]}}
    write_study("plain", {**PLAIN, "seeds": 4, "base": {**PLAIN["base"], **evaluation}, "variants": more})
    names = {name for names in made(load_plan({"study": "plain"}), 1, "auto").values() for name in names}
    assert names == {"train_1_of_1", "evaluate_1_of_1"}


def test_a_finished_result_without_its_receipt_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another call has deleted it, as Snakemake does before a job starts, and holds the result."""
    monkeypatch.chdir(tmp_path)
    write_study("plain", {**PLAIN, "seeds": 4})
    fill("plain")
    write_study("other", {**PLAIN, "seeds": 2, "base": {"model": {"name": "mlp", "widths": [3]}}})
    plan = load_plan({"study": ["plain", "other"]})
    receipt = next((tmp_path / "results/evaluate").glob("*/seed-2/receipt.json"))
    receipt.unlink()
    rules = train_rules(RuleFiles(plan), 1, True)
    assert [receipt for rule in rules for receipt in rule.outputs].count(
        str(receipt.relative_to(tmp_path))
    ) == 1


def start(program: str, folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a program in a forked process; its exit code and what it said."""
    file, log = folder / "program.py", folder / "log"
    file.write_text(textwrap.dedent(program))
    status = os.waitpid(forked.start(file, arguments, log), 0)[1]
    return os.waitstatus_to_exitcode(status), log.read_text()


def test_a_forked_program_is_a_program(tmp_path: Path) -> None:
    code, said = start("import sys; print(__name__, *sys.argv[1:]); sys.exit(75)", tmp_path, "a", "b c")
    assert (code, said) == (75, "__main__ a b c\n")
    assert start("import sys; sys.exit('no such seed')", tmp_path) == (1, "no such seed\n")
    assert start("pass", tmp_path) == (0, "")
    code, said = start("1 / 0", tmp_path)
    assert code == 1 and said.endswith("ZeroDivisionError: division by zero\n")
    assert start("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path)[0] == -signal.SIGKILL


LEAVING = """
import atexit, threading, time
from concurrent.futures import ThreadPoolExecutor
from assay import program
class Module:
    def __del__(self): print("taken apart")
module = Module()
atexit.register(print, "at exit")
threading.Thread(target=lambda: (time.sleep(0.3), print("thread"))).start()
pool = ThreadPoolExecutor(1)  # which nobody shuts down
pool.submit(print, "main", end=" ").result()
program.leave()
"""


def test_a_program_that_leaves_ends_as_any_other_but_does_not_take_itself_apart(tmp_path: Path) -> None:
    (tmp_path / "leaving.py").write_text(LEAVING)
    command = [sys.executable, tmp_path / "leaving.py"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "main thread\nat exit\n", "")
    silent = subprocess.run(f'exec "{sys.executable}" leaving.py >&-', shell=True, cwd=tmp_path)
    assert silent.returncode == 0


PARENT = """
import multiprocessing, sys
from pathlib import Path
from assay.cohorts import forked
import os
os.waitpid(forked.start(Path("child.py"), [], Path("log")), 0)
"""
CHILD = """
import sys
from types import SimpleNamespace
from assay import reads
code = dict.fromkeys(sys.modules)
recipe = SimpleNamespace(stage="train", address="a", code_now=lambda: code)
with reads.watched():
    reads.require_declared(recipe)
    open("table.csv").close()
    reads.require_declared(recipe)
"""


def test_a_forked_program_may_be_told_of_its_parent_s(tmp_path: Path) -> None:
    """What its process was before it is nothing that it reads; the rest is looked at each time."""
    for name, text in {"parent.py": PARENT, "child.py": CHILD, "table.csv": "1\n"}.items():
        (tmp_path / name).write_text(text)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-u", "parent.py"], cwd=tmp_path, env=environment, check=True)
    said = (tmp_path / "log").read_text()
    assert f"does not stand for: {tmp_path / 'table.csv'}. a module that reads" in said


def test_what_a_forked_program_does_dies_with_it(tmp_path: Path) -> None:
    before = os.environ.get("OMP_NUM_THREADS"), sys.argv, textwrap.dedent
    start("import os, textwrap; os.environ['OMP_NUM_THREADS'] = '7'; textwrap.dedent = None", tmp_path)
    assert (os.environ.get("OMP_NUM_THREADS"), sys.argv, textwrap.dedent) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_forked_program_has_signals_of_its_own(tmp_path: Path, number: signal.Signals) -> None:
    before = signal.signal(number, lambda received, frame: None)  # the child's is the system's
    try:
        code, _ = start(f"import os; os.kill(os.getpid(), {int(number)})", tmp_path)
    finally:
        signal.signal(number, before)
    assert code == -number


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with three GPUs, as far as one can ask."""
    program = tmp_path / "bin/nvidia-smi"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "GPU-a, one"; echo "GPU-b, one"; echo "GPU-c$REST, ${OTHER:-one}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in (devices.VISIBLE, devices.ORDER):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (None, ["GPU-a", "GPU-b", "GPU-c"]),
        ("", []),
        ("2,0", ["GPU-c", "GPU-a"]),
        ("1,7,0", ["GPU-b"]),
        ("MIG-x", ["MIG-x"]),
        ("GPU-c", ["GPU-c"]),
        ("GPU-", ["GPU-"]),
        ("-1", []),
    ],
)
def test_gpus_are_those_that_cuda_would_see(
    monkeypatch: pytest.MonkeyPatch, allowed: str | None, expected: list[str]
) -> None:
    if allowed is not None:
        monkeypatch.setenv(devices.VISIBLE, allowed)
    assert devices.visible() == expected


@pytest.mark.usefixtures("gpus")
def test_numbers_of_unlike_gpus_are_cuda_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "two")
    monkeypatch.setenv(devices.VISIBLE, "2,0")
    assert devices.visible() == ["2", "0"]
    monkeypatch.setenv(devices.ORDER, "PCI_BUS_ID")
    assert devices.visible() == ["GPU-c", "GPU-a"]


@pytest.mark.usefixtures("gpus")
def test_the_beginning_of_a_name_is_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else the same GPU would be leased under both."""
    monkeypatch.setenv("REST", "-0123")
    monkeypatch.setenv(devices.VISIBLE, "GPU-c-01")
    assert devices.visible() == ["GPU-c-0123"]


@pytest.mark.usefixtures("gpus")
def test_a_gpu_is_leased_once_until_the_last_process_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with devices.leased("auto") as on_gpu:
        assert on_gpu and os.environ.pop(devices.VISIBLE)  # as another process
        with devices.leased("cuda", 2):
            second = os.environ[devices.VISIBLE]
    assert devices.VISIBLE not in os.environ
    with devices.leased("auto"):
        first = os.environ[devices.VISIBLE]
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
    assert {first, *second.split(",")} == {"GPU-a", "GPU-b", "GPU-c"}
    try:
        with devices.leased("auto"):  # the child has the first one still
            assert os.environ[devices.VISIBLE] != first
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with devices.leased("auto"):
        assert os.environ[devices.VISIBLE] == first


@pytest.mark.usefixtures("gpus")
def test_who_finds_no_gpu_free_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.VISIBLE, "0")
    program = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX);"
        "print('has it', flush=True); time.sleep(1)"
    )
    folder = tmp_path / f"assay-gpus-{os.getuid()}"
    folder.mkdir()
    command = [sys.executable, "-c", program, str(folder / "GPU-a")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "has it\n"
        with devices.leased("cuda"), (folder / "GPU-a").open("a") as file:
            assert other.wait() == 0  # it was waited for
            with pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.usefixtures("gpus")
def test_what_is_not_ours_to_lease_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for device, on_gpu in {"cpu": False, "cuda:1": True, "mps": False}.items():
        with devices.leased(device) as found:
            assert found is on_gpu and devices.VISIBLE not in os.environ
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")  # there is no nvidia-smi
        for device, on_gpu in {"auto": False, "cuda": True}.items():
            with devices.leased(device) as found:
                assert found is on_gpu and devices.VISIBLE not in os.environ
    monkeypatch.setenv(devices.VISIBLE, "1")
    with devices.leased("auto", is_given=True) as found:
        assert found and os.environ[devices.VISIBLE] == "1"
