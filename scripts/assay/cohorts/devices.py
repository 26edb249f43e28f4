"""GPUs are leased: each job has its own, by a lock that ends with the job's last process.

Nothing is leased where Slurm has given the job its GPUs, where a device is named by number, or where
`nvidia-smi` finds none. Which processes share a device (MPS) and how it is cut (MIG) is left as it is.
"""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

log = logging.getLogger("assay.devices")

VISIBLE = "CUDA_VISIBLE_DEVICES"
_POLL = 1.0
"""Seconds between two looks whether a GPU is free."""


@contextmanager
def leased(device: str, count: int = 1) -> Iterator[bool]:
    """Lease GPUs, wait for them if need be, and let only them be seen; whether the job computes on a GPU.

    Args:
        device: as in the configuration: `auto`, `cuda`, `cuda:1`, `cpu`, `mps`.
        count: how many GPUs a run can use; it gets one if the machine has fewer.
    """
    if device not in ("auto", "cuda"):
        yield device.startswith("cuda")
        return
    found = visible()
    if not found or "SLURM_JOB_ID" in os.environ:
        yield bool(found)
        return
    before = os.environ.get(VISIBLE)
    with ExitStack() as stack:
        own = _lease(found, count if count <= len(found) else 1, stack)
        os.environ[VISIBLE] = ",".join(own)
        try:
            yield True
        finally:
            os.environ.pop(VISIBLE, None)
            os.environ.update({VISIBLE: before} if before is not None else {})


def visible() -> list[str]:
    """The names of the GPUs that CUDA would see, in its order; none where there is no `nvidia-smi`."""
    allowed = os.environ.get(VISIBLE)
    if allowed is not None and not allowed.strip():
        return []
    try:
        command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    found = told.split()
    if allowed is None:
        return found
    wanted = [name.strip() for name in allowed.split(",")]
    chosen: list[str] = []
    for name in wanted:  # as CUDA reads it: what follows a name that is not there is not seen
        if name.isdecimal() and int(name) < len(found):
            chosen.append(found[int(name)])
        elif name.startswith(("GPU-", "MIG-")):
            chosen.append(name)
        else:
            break
    return chosen


def _lease(names: Sequence[str], count: int, stack: ExitStack) -> list[str]:
    """Lock so many of these GPUs; the locks end with the stack, and with all processes forked since."""
    folder = Path(tempfile.gettempdir()) / f"assay-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    own: list[str] = []
    with (folder / "queue").open(
        "a"
    ) as queue:  # one job at a time takes what it needs: none waits half served
        fcntl.flock(queue, fcntl.LOCK_EX)
        told = False
        while True:
            for name in names:
                if name not in own and len(own) < count and (lock := _lock(folder / name)):
                    stack.enter_context(lock)
                    own.append(name)
            if len(own) == count:
                return own
            if not told:
                log.info(f"all of {len(names)} GPUs are in use; waiting")
                told = True
            time.sleep(_POLL)


def _lock(path: Path) -> TextIO | None:
    """A file, locked; None if another job has it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
