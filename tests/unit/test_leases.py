"""Which GPU a job leases."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from assay.cohorts import devices


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
