"""The benchmarks run, on the smallest work: their figures are no test's business."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT

TINY = {
    "loop": ("--models", "mlp", "--epochs", "1", "--without-frameworks"),
    "memory": ("--models", "mlp", "--epochs", "1"),
    "start": (),
    "gpu": (
        *("--device", "cpu", "--models", "wide", "--samples", "70", "--side", "8"),
        *("--epochs", "1", "--seeds", "2", "--at-once", "2", "--arithmetic", "bfloat16"),
    ),
}
SMI = """\
#!/bin/sh
case "$*" in
  *uuid,name*) echo "GPU-a, Made up" ;;
  *--id=GPU-a*memory.used*) cat {used} ;;
  *) echo "No devices were found"; exit 6 ;;
esac
"""


def told(name: str) -> dict[str, Any]:
    """What a benchmark's line of JSON says."""
    command = [sys.executable, f"tests/benchmarks/{name}.py", "--repetitions", "1", *TINY[name]]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    assert found["benchmark"] == name
    return found


@pytest.mark.parametrize("name", ["loop", "memory", "start"])
def test_a_benchmark_runs_and_tells_of_every_candidate(name: str) -> None:
    found = {row.get("candidate") or row["what"]: row for row in told(name)["rows"]}
    assert len(found) == {"loop": 3, "memory": 2, "start": 3}[name]
    assert next(iter(found.values())).get("ratio", 1.0) == 1.0  # the first is what others are compared with


def test_that_of_gpus_does_the_same_on_a_cpu() -> None:
    found = told("gpu")
    runs, steps = ({row["candidate"]: row for row in found[name]} for name in ("runs", "steps"))
    assert [*runs] == ["bare loop", "1 at once", "2 at once"]
    assert [*steps] == ["bare loop", "float32", "bfloat16"]
    assert runs["1 at once"]["relative to 1 at once"] == steps["float32"]["time relative to float32"] == 1
    assert all(row["runs a minute"] > 0 and row["peak MB"] is None for row in runs.values())
    assert all(row["ms a step"] > 0 for row in steps.values())
    assert found["device"] == "cpu" and found["date"] and found["torch"]


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmarks' module, on a machine with one made-up GPU, of which 100 MB are in use."""
    (tmp_path / "used").write_text("100")
    (tmp_path / "nvidia-smi").write_text(SMI.format(used=tmp_path / "used"))
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.syspath_prepend(ROOT / "tests/benchmarks")
    return importlib.import_module("device")


def test_the_peak_of_a_gpu_s_memory_is_above_what_was_in_use(device: Any, tmp_path: Path) -> None:
    gpu = device.choose("cuda")
    with device.peak_memory(gpu) as peak:
        for used in (350, 120):
            (tmp_path / "new").write_text(str(used))
            (tmp_path / "new").replace(tmp_path / "used")
            time.sleep(3 * device.PAUSE)
    assert gpu == "GPU-a" and peak == {"peak MB": 250}
    for unknown in (None, "MIG-a"):
        with device.peak_memory(unknown) as peak:
            pass
        assert peak == {}


def test_without_a_gpu_that_torch_can_use_nothing_is_measured(
    device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "is built without CUDA" if torch.version.cuda is None else "cannot use the GPU GPU-a"
    with pytest.raises(SystemExit, match=f"PyTorch .* {why}.*--device cpu"):
        device.facts("GPU-a")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(SystemExit, match=r"there is no GPU here: .* --device cpu"):
        device.choose("cuda")
