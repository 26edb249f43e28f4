"""`environment.json`: where, when and with what a run was computed. It is in no receipt;
the seal has its bytes.

    versions, device, cpu, threads, portability, git (commit, branch, dirty), platform, host, started,
    command, earlier

`earlier` has what other environments computed of a run that was interrupted and continued elsewhere.

If the project's files differ from the commit, the difference is kept beside it in `uncommitted.patch`.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.jsonfile import to_json
from assay.portability import portability
from assay.settings.training import NumericsSettings
from assay.store import write_atomically

if TYPE_CHECKING:
    import torch

PROJECT = Path(__file__).parents[2]
PATCH = "uncommitted.patch"
ENVIRONMENT = "environment.json"
_PACKAGES = ("numpy", "scikit-learn", "pandas", "snakemake", "keras")


def write_environment(out: Path, found: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]] = ()) -> None:
    """Write `environment.json`, and `uncommitted.patch` where there is a difference, to a run's folder.

    Args:
        out: the run's folder.
        found: what it is computed with, as `computing` says.
        earlier: the same of the environments that computed the run's beginning, if they were others.
    """
    git, difference = git_state()
    if difference:
        write_atomically(out / PATCH, difference)
    content = {**found, **_circumstances(), "earlier": list(earlier), "git": git}
    write_atomically(out / ENVIRONMENT, to_json(content))


def read(folder: Path) -> dict[str, Any]:
    """What a run's `environment.json` says; nothing if there is none that can be read."""
    try:
        found = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def computing(device: torch.device, settings: NumericsSettings) -> dict[str, Any]:
    """What the bits of a run may depend on beyond its recipe: versions, device, processor, arithmetic."""
    import torch

    gpu = device.type == "cuda"
    return {
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "cuda": torch.version.cuda if gpu else None,
            "cudnn": torch.backends.cudnn.version() if gpu else None,
            **{name: _version(name) for name in _PACKAGES},
        },
        "device": torch.cuda.get_device_name(device) if gpu else str(device),
        "cpu": {"model": _cpu_model(), "capability": torch.backends.cpu.get_cpu_capability()},
        "threads": torch.get_num_threads(),
        "portability": portability(settings, device),
    }


def _circumstances() -> dict[str, Any]:
    return {
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "job": {k: v for k, v in os.environ.items() if k in ("SLURM_JOB_ID", "SLURM_NODELIST")},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@functools.cache
def git_state(project: Path = PROJECT) -> tuple[dict[str, Any] | None, str]:
    """Commit, branch and whether files differ from it; and the difference as a patch.

    None where the project is no git checkout.
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(project), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    try:
        commit = git("rev-parse", "HEAD").strip()
        branch = git("rev-parse", "--abbrev-ref", "HEAD").strip()
        # untracked files of the user's that a run uses are in its address; others are no matter
        changed = git("status", "--porcelain", "--untracked-files=no").splitlines()
        difference = git("diff", "HEAD") if changed else ""
    except (OSError, subprocess.CalledProcessError):
        return None, ""
    return {"commit": commit, "branch": branch, "dirty": bool(changed), "changed": changed}, difference


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
