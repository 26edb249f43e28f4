"""A Slurm of one's own: a controller and four nodes on this host, in a folder, gone when it is left.

    python tests/slurm/cluster.py          # starts one and waits, for trials by hand; Ctrl-C stops it

It needs root, Debian's `slurmctld slurmd slurm-client` and no systemd. Each node says that it has two processors, 4 GB
and two GPUs, which are names for /dev/null. Only one such cluster runs at a time, since Slurm's commands look for
/etc/slurm/slurm.conf: it is a link meanwhile, and what was there is put back.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

SYSTEM = Path("/etc/slurm/slurm.conf")
LOCK = Path("/run/lock/assay-tests-slurm")
NODES = ("node1", "node2", "node3", "node4")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo")
SETTINGS = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
# a job that is requeued waits for its credential to expire
AuthInfo=cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# memory is looked at each second, and a job that uses more than it asked for is ended
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=300
KillWait=10
SlurmdTimeout=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
AccountingStorageType=accounting_storage/none
GresTypes=gpu
PartitionName=main Nodes=ALL LLN=YES Default=YES MaxTime=INFINITE State=UP
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=4000 Gres=gpu:fake:2\n"
GPUS = "NodeName={name} Name=gpu Type=fake File={folder}/dev/nvidia[0-1] Flags=nvidia_gpu_env\n"


def missing() -> str:
    """Why no cluster can be started here; empty if one can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"Slurm is not installed: no {', '.join(absent)}"
    if os.geteuid() != 0:
        return "a Slurm of one's own needs root"
    if SYSTEM.exists() and not SYSTEM.is_symlink():
        return f"{SYSTEM}: this host belongs to a cluster"
    return ""


@dataclass
class Cluster:
    """A cluster that runs."""

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start the controller or a node."""
        if name == "slurmctld":
            command = ["slurmctld", "-D", "-f", str(self.folder / "slurm.conf")]
        else:
            command = ["slurmd", "-D", "-N", name, "-f", str(self.folder / "slurm.conf")]
        with (self.folder / f"log/{name}.out").open("ab") as said:
            self.daemons[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """End the controller or a node's daemon with SIGKILL; a node's jobs go on."""
        self.daemons[name].kill()
        self.daemons.pop(name).wait()

    def restart_controller(self, seconds: float) -> None:
        """Let there be no controller for so long; what it knew it has saved."""
        self.daemons["slurmctld"].terminate()
        self.daemons.pop("slurmctld").wait()
        time.sleep(seconds)
        self.start("slurmctld")
        wait_until(lambda: _idle() is not None, "the controller answers")

    def lose(self, node: str) -> None:
        """Lose a node as in a power cut: its daemon and all that its jobs started."""
        processes = self.processes(node)
        self.kill(node)
        _kill(processes)

    def jobs(self, states: str = "all", columns: str = "%i|%T|%N|%k") -> list[list[str]]:
        """The jobs in the given states, as columns of squeue: id, state, node, comment."""
        told = command("squeue", "--noheader", f"--states={states}", f"--format={columns}")
        return [line.split("|") for line in told.splitlines()]

    def processes(self, node: str) -> list[int]:
        """The processes of a node's jobs, and those that watch over them: these have the node's log open."""
        log = self.folder / f"log/slurmd-{node}.log"
        daemon = self.daemons.get(node)
        watchers = [process for process in _has_open(log) if daemon is None or process != daemon.pid]
        return _with_descendants(watchers)


@contextmanager
def running() -> Iterator[Cluster]:
    """Start a cluster and stop it; wait for another that this host runs."""
    with ExitStack() as stack:
        lock = stack.enter_context(LOCK.open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        cluster = Cluster(Path(tempfile.mkdtemp(prefix="assay-slurm-")))
        stack.enter_context(_cleared_away(cluster, lock.fileno()))
        _lay_out(cluster.folder)
        SYSTEM.parent.mkdir(exist_ok=True)
        _link(cluster.folder / "slurm.conf")
        for name in ("slurmctld", *NODES):
            cluster.start(name)
        wait_until(lambda: _idle() == len(NODES), "all nodes are idle")
        yield cluster


@contextmanager
def _cleared_away(cluster: Cluster, lock: int) -> Iterator[None]:
    """Leave nothing of a cluster, even if this process is killed: another waits for its end, and clears away."""
    before = [os.readlink(SYSTEM)] if SYSTEM.exists() else []  # a link, as `missing` has seen
    keeper = subprocess.Popen(
        [sys.executable, __file__, "--clear-after-me", str(cluster.folder), *before],
        stdin=subprocess.PIPE,
        pass_fds=[lock],  # the next cluster waits for it, too
        start_new_session=True,
    )
    try:
        yield
    finally:
        for daemon in cluster.daemons.values():
            daemon.kill()
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()
        for daemon in cluster.daemons.values():
            daemon.wait()


def _clear(folder: Path, before: str | None) -> None:
    """End the daemons and jobs of a cluster, by their ids; put back the link that was there; remove the folder."""
    for log in (folder / "log").glob("slurm*.log"):  # the controller and the daemons first: they start others
        _kill(_with_descendants(_has_open(log)))
    if SYSTEM.is_symlink() and os.readlink(SYSTEM).startswith(str(folder)):
        SYSTEM.unlink()
        if before is not None:
            _link(Path(before))
    shutil.rmtree(folder, ignore_errors=True)


def _lay_out(folder: Path) -> None:
    """Write what the daemons read."""
    for name in ("state", "run", "log", "dev", *(f"spool-{node}" for node in NODES)):
        (folder / name).mkdir()
    for number in (0, 1):
        os.mknod(folder / f"dev/nvidia{number}", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    host = socket.gethostname().partition(".")[0]
    controller, *ports = _free_ports(1 + len(NODES))
    nodes = [NODE.format(name=name, host=host, port=port) for name, port in zip(NODES, ports, strict=True)]
    settings = SETTINGS.format(host=host, folder=folder, controller_port=controller)
    (folder / "slurm.conf").write_text(settings + "".join(nodes))
    (folder / "gres.conf").write_text("".join(GPUS.format(name=name, folder=folder) for name in NODES))


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _link(settings: Path) -> None:
    made = SYSTEM.with_name(f".slurm.conf.{os.getpid()}")
    made.symlink_to(settings)
    made.replace(SYSTEM)


def _idle() -> int | None:
    """How many nodes are idle; None without an answer."""
    told = subprocess.run(
        ["sinfo", "--noheader", "--partition=main", "--states=idle", "--format=%D"],
        capture_output=True,
        text=True,
    )
    return int(told.stdout or 0) if told.returncode == 0 else None


def command(*arguments: str) -> str:
    """What one of Slurm's commands prints."""
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def wait_until(true: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Look ten times a second whether something has come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"after {seconds:g} s still not: {what}"
        time.sleep(0.1)


def _has_open(file: Path) -> list[int]:
    """The processes that have a file open."""
    found = []
    for process in _processes():
        with suppress(OSError):
            links = Path(f"/proc/{process}/fd").iterdir()
            if any(os.readlink(link) == str(file) for link in links):
                found.append(process)
    return found


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _with_descendants(processes: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for process in _processes():
        with suppress(OSError):
            text = Path(f"/proc/{process}/stat").read_text()
            children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(process)
    found: list[int] = []
    waiting = list(processes)
    while waiting:
        process = waiting.pop()
        if process not in found:
            found.append(process)
            waiting += children.get(process, [])
    return found


def _kill(processes: list[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def main() -> None:
    """Run a cluster until Ctrl-C."""
    if sys.argv[1:2] == ["--clear-after-me"]:
        sys.stdin.read()
        _clear(Path(sys.argv[2]), sys.argv[3] if sys.argv[3:] else None)
        return
    if reason := missing():
        sys.exit(reason)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running() as cluster:
        print(f"{cluster.folder}: up; try sinfo, squeue, snakemake --profile slurm", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
