"""A store that several nodes and several people share, as far as one machine can show it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from assay.cluster.filesystem import store_problem
from assay.store import write_atomically
from conftest import ROOT

GROUP = 61000
FIRST, SECOND = 61001, 61002

WRITE = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[3], 8))
sys.path.insert(0, {scripts!r})
from assay.finished import finish, is_finished, read_receipt
from assay.store import append, claim, seed_folder, write_atomically
address, own = Path(sys.argv[1]), seed_folder(int(sys.argv[2]))
with claim(address / own):
    write_atomically(address / own / "best.pt", b"weights")
    append(address / own / "events.jsonl", "{{}}\\n")
    finish(address / own, '{{"status": "finished"}}')
for run in sorted(address.glob("seed-*")):
    assert is_finished(run) and (run / "best.pt").read_bytes() == b"weights"
    with claim(run):  # as who makes a result again, or looks whether it is damaged
        (run / "receipt.json").unlink()
        write_atomically(run / "receipt.json", '{{"status": "finished"}}')
        append(run / "events.jsonl", "{{}}\\n")
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that a group may write; pytest's own are closed to other users."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can be two other users")
    folder = Path(tempfile.mkdtemp(prefix="assay-shared-"))
    try:
        os.chown(folder, 0, GROUP)
        folder.chmod(0o2775)
        yield folder
    finally:
        shutil.rmtree(folder)


def as_user(user: int, address: Path, seed: int, umask: str) -> subprocess.CompletedProcess[str]:
    program = WRITE.format(scripts=str(ROOT / "scripts"))
    become = ["setpriv", f"--reuid={user}", f"--regid={GROUP}", "--clear-groups"]
    command = [*become, sys.executable, "-B", "-c", program, str(address), str(seed), umask]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    if "ModuleNotFoundError" in done.stderr or "can't open file" in done.stderr:
        pytest.skip("this project's folder is closed to other users")
    return done


def test_two_users_of_one_group_add_to_each_other_s_results(shared: Path) -> None:
    address = shared / "results/train/0123"
    for user, seed in ((FIRST, 0), (SECOND, 1), (FIRST, 2)):
        done = as_user(user, address, seed, "002")
        assert done.returncode == 0, done.stderr
    owners = {run.name: (run / "best.pt").stat().st_uid for run in address.iterdir()}
    assert owners == {"seed-0": FIRST, "seed-1": SECOND, "seed-2": FIRST}
    lines = [len((address / f"seed-{seed}/events.jsonl").read_text().splitlines()) for seed in range(3)]
    assert lines == [4, 3, 2] and not list(shared.rglob("*.part"))


def test_what_a_user_keeps_to_himself_is_refused_by_name_and_stays(shared: Path) -> None:
    address = shared / "results/train/0123"
    assert as_user(FIRST, address, 0, "022").returncode == 0
    before = {path: path.read_bytes() for path in address.rglob("*") if path.is_file()}
    done = as_user(SECOND, address, 1, "002")
    assert (
        done.returncode != 0 and "PermissionError" in done.stderr and str(address / "seed-1") in done.stderr
    )
    assert {path: path.read_bytes() for path in address.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_quota_that_is_told_late_leaves_the_old_file(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system may take what is written, and say when it is synced that the quota is over."""
    path = tmp_path / "receipt.json"
    write_atomically(path, "old")

    def over(*arguments: object) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, fails, over)
    with pytest.raises(OSError, match="quota") as error:
        write_atomically(path, "new")
    assert fails == "replace" or error.value.filename == str(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw,nosuid 0 0
server:/home {folder}/home nfs4 rw,vers=4.2,local_lock=none 0 0
server:/old {folder}/home/old nfs rw,vers=3,nolock,local_lock=all 0 0
mds@tcp:/fs {folder}/my\\040work lustre rw,localflock 0 0
mds@tcp:/fs {folder}/work lustre rw,flock 0 0
"""


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("home/results", None),
        ("home/old/results", "(nfs) is mounted with local_lock=all: a claim holds on one node alone"),
        ("my work/deep/results", "(lustre) is mounted with localflock: a claim holds on one node alone"),
        ("work/results", None),
    ],
)
def test_locks_that_hold_on_one_node_are_said(store: str, said: str | None, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS.format(folder=tmp_path.resolve()))
    (tmp_path / store).parent.mkdir(parents=True)
    found = store_problem(tmp_path / store, mounts)
    assert found is None if said is None else found is not None and said in found


def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*arguments: object) -> None:
        raise OSError(errno.ENOLCK, "")

    assert store_problem(tmp_path, tmp_path / "none") is None
    monkeypatch.setattr(fcntl, "flock", none)
    assert "has no locks (No locks available)" in str(store_problem(tmp_path, tmp_path / "none"))
