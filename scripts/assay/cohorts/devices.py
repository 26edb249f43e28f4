"""GPUs are leased: each job has its own, by a lock that ends with the job's last process.

Nothing is leased by a job that was sent to a cluster, which has given it its GPUs; where a device is named by
number; or where `nvidia-smi` finds none: then `cuda` is taken at its word. Which processes share a device
(MPS) and how it is cut (MIG) is left as it is.
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

VISIBLE, ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_POLL = 1.0
"""Seconds between two looks whether GPUs are free."""


@contextmanager
def leased(device: str, count: int = 1, is_given: bool = False) -> Iterator[bool]:
    """Lease GPUs, wait for them if need be, and let only them be seen; whether the job computes on a GPU.

    Args:
        device: as in the configuration: `auto`, `cuda`, `cuda:1`, `cpu`, `mps`.
        count: how many GPUs a run can use; it gets one if the machine has fewer.
        is_given: whether the GPUs that can be seen are this job's alone.
    """
    if device not in ("auto", "cuda"):
        yield device.startswith("cuda")
        return
    found = visible()
    if not found or is_given:
        yield bool(found) or device == "cuda"
        return
    before = os.environ.get(VISIBLE)
    with ExitStack() as stack:
        os.environ[VISIBLE] = ",".join(_lease(found, count if count <= len(found) else 1, stack))
        try:
            yield True
        finally:
            os.environ.pop(VISIBLE, None)
            os.environ.update({VISIBLE: before} if before is not None else {})


def visible() -> list[str]:
    """The names of the GPUs that CUDA would see; none where there is no `nvidia-smi`."""
    allowed = os.environ.get(VISIBLE)
    if allowed is not None and not allowed.strip():
        return []
    try:
        command = ["nvidia-smi", "--query-gpu=uuid,name", "--format=csv,noheader"]
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    gpus = [line.split(", ", 1) for line in told.splitlines() if line.strip()]
    names = [gpu[0] for gpu in gpus]
    if allowed is None:
        return names
    # among unlike GPUs, CUDA's numbers are its own, the fastest first, unless it is told otherwise
    has_order = len({gpu[-1] for gpu in gpus}) == 1 or os.environ.get(ORDER) == "PCI_BUS_ID"
    chosen: list[str] = []
    for name in (name.strip() for name in allowed.split(",")):
        if name.isdecimal() and int(name) < len(names):
            chosen.append(names[int(name)] if has_order else name)
        elif name.startswith(("GPU-", "MIG-")):  # CUDA takes the beginning of a name for the whole
            whole = [full for full in names if full.startswith(name)]
            chosen.append(whole[0] if len(whole) == 1 else name)
        else:  # as CUDA reads it: what follows a name that is not there is not seen
            break
    return chosen


def _lease(names: Sequence[str], count: int, stack: ExitStack) -> list[str]:
    """Lock so many of these GPUs; the locks end with the stack, and with all processes forked since."""
    folder = Path(tempfile.gettempdir()) / f"assay-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    told = False
    while True:
        with ExitStack() as locks:
            own: list[str] = []
            for name in names:
                if len(own) < count and (lock := _lock(folder / name)):
                    locks.enter_context(lock)
                    own.append(name)
            if len(own) == count:
                stack.push(locks.pop_all())
                return own
        if not told:  # none is kept meanwhile: another job may need no more than that
            log.info(f"{count} of the GPUs {', '.join(names)} must be free; waiting")
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
