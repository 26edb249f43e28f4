"""The device that a benchmark computes on: which, what it is, how much of its memory is in use."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.cohorts.devices import VISIBLE, visible
from measuring import ENVIRONMENT, Figures

PAUSE = 0.2
"""Seconds between two looks at the memory in use: a look takes nvidia-smi some 0.05."""
INSTEAD = "--device cpu tries this script without one"
ABOUT = """\
import json, torch
found = {"torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
if torch.cuda.is_available():
    about = torch.cuda.get_device_properties(0)
    found |= {"device": about.name, "device MB": about.total_memory / 2**20}
print(json.dumps(found))
"""


def choose(name: str) -> str | None:
    """The GPU to measure, as nvidia-smi names it: the first that may be seen; None for the CPU.

    Ends the program where there is none.
    """
    if name == "cpu":
        return None
    found = visible()
    if not found:
        sys.exit(f"there is no GPU here: nvidia-smi finds none, or {VISIBLE} hides it; {INSTEAD}")
    return found[0]


def environment(gpu: str | None) -> dict[str, str]:
    """For the processes that are measured: they see this GPU alone."""
    return ENVIRONMENT | {VISIBLE: gpu or ""}


def facts(gpu: str | None) -> dict[str, Any]:
    """The date, the device, its driver, the versions of torch and CUDA; whether something divides the GPU.

    Ends the program where torch cannot use the GPU. Asks in a process of its own: asking takes the GPU's memory.
    """
    command = [sys.executable, "-c", ABOUT]
    told = subprocess.run(command, env=environment(gpu), text=True, check=True, capture_output=True).stdout
    found: dict[str, Any] = {"date": datetime.date.today().isoformat(), "device": "cpu"} | json.loads(told)
    if gpu is None:
        return found
    if found["cuda"] is None:
        sys.exit(f"PyTorch {found['torch']} is built without CUDA (see TORCH_INDEX in README.md); {INSTEAD}")
    if "device MB" not in found:
        sys.exit(f"PyTorch {found['torch']}, for CUDA {found['cuda']}, cannot use the GPU {gpu}; {INSTEAD}")
    asked = {"driver": "driver_version", "compute mode": "compute_mode", "MIG": "mig.mode.current"}
    found |= {name: _told(gpu, field) for name, field in asked.items()}
    return found | {"MPS": _mps(os.environ), "MB in use before": memory_in_use(gpu)}


def memory_in_use(gpu: str) -> float | None:
    """In MB, by all processes; None where nvidia-smi does not say."""
    try:
        return float(_told(gpu, "memory.used") or "")
    except ValueError:
        return None


@contextmanager
def peak_memory(gpu: str | None) -> Iterator[Figures]:
    """Figures that have, when the context is left, how much more of the GPU's memory was in use, as `peak MB`.

    They lack it on the CPU, and where nvidia-smi does not say.
    """
    found: Figures = {}
    before = None if gpu is None else memory_in_use(gpu)
    if gpu is None or before is None:
        yield found
        return
    over = threading.Event()

    def look() -> None:
        while not over.wait(PAUSE):
            if (now := memory_in_use(gpu)) is not None:
                found["peak MB"] = max(found.get("peak MB", 0.0), now - before)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        over.set()
        looking.join()


def _told(gpu: str, field: str) -> str | None:
    """What nvidia-smi says of a GPU; None if it says nothing."""
    command = ["nvidia-smi", f"--id={gpu}", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    done = subprocess.run(command, text=True, capture_output=True)
    return done.stdout.strip() if done.returncode == 0 else None


def _mps(variables: Mapping[str, str]) -> bool:
    """Whether processes share GPUs by CUDA's Multi-Process Service: the pipe of its control daemon is there."""
    return Path(variables.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps"), "control").exists()
