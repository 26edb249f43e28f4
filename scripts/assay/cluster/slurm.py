"""What a Slurm cluster says of itself: partitions, nodes, GPUs, accounts.

Each of Slurm's programs may be missing, or get no answer: that is said, and what the others say is kept.
"""

from __future__ import annotations

import getpass
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

TIMEOUT = 30
"""Seconds to wait for an answer."""
GONE = ("down", "drain", "fail", "not_resp", "unk", "power_down", "future")
"""How the states of nodes begin that take no jobs."""


@dataclass(frozen=True)
class Nodes:
    """Nodes of one partition that are alike."""

    partition: str
    is_default: bool
    is_up: bool
    """Whether the partition starts jobs."""
    longest: int | None
    """Minutes after which the partition ends a job; None where it never does."""
    count: int
    state: str
    cpus: int
    memory: int
    """MB."""
    gpus: Mapping[str, int]
    """Type → how many each node has; the type is empty where the cluster names none."""

    @property
    def are_there(self) -> bool:
        """Whether they take jobs."""
        return not self.state.startswith(GONE)


@dataclass(frozen=True)
class Slurm:
    """A cluster, as far as it answered."""

    nodes: Sequence[Nodes]
    settings: Mapping[str, str]
    """What `scontrol show config` says."""
    user: str
    accounts: Sequence[str] | None
    """Those that the user may charge; None where the cluster keeps none, or did not say."""
    default_account: str
    """The one that is charged if none is given."""
    qualities: Sequence[str]
    """The qualities of service that the user's accounts allow."""
    unanswered: Mapping[str, str]
    """Program → why nothing is known from it."""

    @property
    def partitions(self) -> list[str]:
        """Their names."""
        return list(dict.fromkeys(nodes.partition for nodes in self.nodes))

    @property
    def default_partition(self) -> str:
        """Where jobs go that name none; empty if there is no such partition."""
        return next((nodes.partition for nodes in self.nodes if nodes.is_default), "")

    def of(self, partition: str) -> list[Nodes]:
        """The nodes of a partition."""
        return [nodes for nodes in self.nodes if nodes.partition == partition]

    @property
    def keeps_accounts(self) -> bool:
        """Whether there is a database of accounts."""
        return self.settings.get("AccountingStorageType", "").endswith("slurmdbd")

    @property
    def demands_account(self) -> bool:
        """Whether a job without a known account is refused."""
        enforced = re.split(r"[,\s]+", self.settings.get("AccountingStorageEnforce", "").lower())
        return bool({"associations", "limits", "safe", "qos", "all", "wckeys"} & {*enforced})


def look() -> Slurm:
    """Ask Slurm's programs."""
    unanswered: dict[str, str] = {}
    nodes = _ask(unanswered, "sinfo", "--all", "--noheader", "--exact", "--format=%P|%a|%l|%D|%T|%c|%m|%G")
    config = _ask(unanswered, "scontrol", "show", "config")
    settings = dict(_settings(config))
    accounts: list[str] | None = None
    default, qualities, user = "", list[str](), getpass.getuser()
    if settings.get("AccountingStorageType", "slurmdbd").endswith("slurmdbd"):
        ask = ("sacctmgr", "--noheader", "--parsable2", "show")
        told = _ask(unanswered, *ask, "associations", "where", f"user={user}", "format=account,qos")
        if "sacctmgr" not in unanswered:
            rows = [line.split("|") for line in told.splitlines() if line]
            accounts = sorted({row[0] for row in rows})
            qualities = sorted({name for row in rows for name in row[1].split(",") if name})
            default = _ask(unanswered, *ask, "user", user, "format=defaultaccount").strip()
    return Slurm(tuple(_nodes(nodes)), settings, user, accounts, default, qualities, unanswered)


def _ask(unanswered: dict[str, str], program: str, *arguments: str) -> str:
    """What a program prints; nothing, with the reason noted, where it fails."""
    try:
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        unanswered[program] = "is not installed here, or not on PATH"
    except subprocess.TimeoutExpired:
        unanswered[program] = f"gave no answer in {TIMEOUT} s"
    except OSError as error:
        unanswered[program] = f"cannot be run: {error.strerror}"
    else:
        if done.returncode == 0:
            return done.stdout
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        unanswered[program] = said[-1] if said else f"ended with exit code {done.returncode}"
    return ""


def _settings(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if found := re.fullmatch(r"(\w+)\s*= ?(.*)", line.strip()):
            yield found[1], found[2].strip()


def _nodes(text: str) -> Iterator[Nodes]:
    for line in text.splitlines():
        parts = line.strip().split("|")
        if len(parts) != 8 or not parts[3].isdecimal():
            continue
        name, up, longest, count, state, cpus, memory, gres = parts
        yield Nodes(
            partition=name.rstrip("*"),
            is_default=name.endswith("*"),
            is_up=up.startswith("up"),
            longest=_minutes(longest),
            count=int(count),
            state=state.lower(),
            cpus=int(cpus.rstrip("+") or 0),
            memory=int(memory.rstrip("+") or 0),
            gpus=_gpus(gres),
        )


def _minutes(text: str) -> int | None:
    """A time limit as Slurm writes it: `infinite`, `30:00`, `2:00:00`, `1-00:00:00`."""
    days, _, rest = text.rpartition("-")
    parts = rest.split(":")
    if not all(part.isdecimal() for part in (*parts, days or "0")) or len(parts) > 3:
        return None
    hours, minutes, _ = [0] * (3 - len(parts)) + [int(part) for part in parts]
    return int(days or 0) * 24 * 60 + hours * 60 + minutes


def _gpus(gres: str) -> dict[str, int]:
    """GPUs of a node in Slurm's list of resources: `gpu:a100:4(S:0-1),gpu:2,nvme:1`."""
    found: dict[str, int] = {}
    for part in re.sub(r"\([^)]*\)", "", gres).split(","):
        name, *rest = part.split(":")
        if name == "gpu":
            kind = next((text for text in rest if not text.isdecimal()), "")
            number = next((int(text) for text in rest if text.isdecimal()), 1)
            found[kind] = found.get(kind, 0) + number
    return found
