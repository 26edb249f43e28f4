"""Programs in forked processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from assay.cohorts import forked


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
