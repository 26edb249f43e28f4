"""What is set before and after torch is imported, for which processors; and what is recorded of it."""

from __future__ import annotations

import os
import platform
import random
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from assay import numerics, portability
from assay.errors import UserError
from assay.settings.training import NumericsSettings
from torch.nn import functional

CAPS = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"}
CPU = torch.device("cpu")
ABLE = {"avx2": True, "fma3": True, "cpu_name": "a new one"}


@pytest.fixture(autouse=True)
def _torch_as_before() -> Iterator[None]:
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    mode, tf32 = torch.get_deterministic_debug_mode(), torch.backends.cuda.matmul.allow_tf32
    cudnn = (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32)
    yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(dtype)
    torch.set_deterministic_debug_mode(mode)
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32 = cudnn


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what kind of processor this seems to be; the environment is a copy."""
    monkeypatch.setattr(os, "environ", {"PATH": "x"})

    def choose(name: str = "x86_64", able: dict[str, Any] = ABLE) -> None:
        monkeypatch.setattr(platform, "machine", lambda: name)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)

    choose()
    return choose


@pytest.mark.parametrize("name", ["x86_64", "AMD64", "aarch64", "arm64"])
@pytest.mark.parametrize("portable", [True, False])
def test_the_cap_is_for_x86_if_asked_for(machine: Any, name: str, portable: bool) -> None:
    machine(name)
    settings = NumericsSettings(portable=portable, threads=3)
    found = numerics.environment(settings)
    expected = portable and name in ("x86_64", "AMD64")
    assert numerics.capped(settings) is expected
    assert {key: value for key, value in found.items() if key in CAPS} == (CAPS if expected else {})
    assert found["OMP_NUM_THREADS"] == found["MKL_NUM_THREADS"] == "3"
    assert found["OMP_DYNAMIC"] == found["MKL_DYNAMIC"] == "FALSE"


@pytest.mark.parametrize("deterministic", [True, False])
def test_cublas_is_given_its_workspace(machine: Any, deterministic: bool) -> None:
    found = numerics.environment(NumericsSettings(deterministic=deterministic))
    assert found.get("CUBLAS_WORKSPACE_CONFIG") == (":4096:8" if deterministic else None)


def test_what_the_shell_had_set_is_replaced(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numerics, "sys", SimpleNamespace(modules={}))  # torch is not imported yet
    os.environ.update({"MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "8", "OMP_THREAD_LIMIT": "1"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numerics.set_environment(NumericsSettings())
    assert numerics.environment(NumericsSettings()).items() <= os.environ.items()
    assert "OMP_THREAD_LIMIT" not in os.environ
    numerics.set_environment(NumericsSettings(portable=False))
    assert not CAPS.keys() & os.environ.keys()


def test_a_cap_that_comes_after_torch_is_warned_of(machine: Any) -> None:
    os.environ["MKL_CBWR"] = "AVX2"
    with pytest.warns(UserWarning, match="before ATEN_CPU_CAPABILITY, ONEDNN_MAX_CPU_ISA could be set"):
        numerics.set_environment(NumericsSettings())
    with warnings.catch_warnings():  # a second time nothing changes
        warnings.simplefilter("error")
        numerics.set_environment(NumericsSettings())


IMPORTING = """
import gc
from assay import numerics
seen = []
gc.callbacks.append(lambda phase, info: seen.append(phase))
numerics.import_torch()
print(len(seen), gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


def test_no_garbage_is_looked_for_while_torch_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTING], capture_output=True, text=True, check=True)
    assert done.stdout == "0 True True\n"


def test_configuring_sets_torch(machine: Any) -> None:
    settings = NumericsSettings(threads=2, dtype="float64", tf32=True)
    with pytest.raises(RuntimeError, match="set_environment must come first"):
        numerics.configure(settings)
    os.environ.update(numerics.environment(settings))
    numerics.configure(settings)
    assert torch.get_num_threads() == 2
    assert torch.get_default_dtype() == torch.float64
    assert torch.get_deterministic_debug_mode() == 2  # error
    assert torch.backends.cudnn.deterministic
    assert torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.allow_tf32
    free = NumericsSettings(deterministic=False)
    os.environ.update(numerics.environment(free))
    numerics.configure(free)
    assert torch.get_deterministic_debug_mode() == 0
    assert torch.get_default_dtype() == torch.float32
    assert not torch.backends.cudnn.deterministic
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize("lacking", ["avx2", "fma3"])
def test_a_processor_without_avx2_is_refused_if_portable(machine: Any, lacking: str) -> None:
    able = ABLE | {lacking: False, "cpu_name": "an old one"}
    machine("x86_64", able)
    os.environ.update(numerics.environment(NumericsSettings()))
    text = r"numerics.portable: this processor \(an old one\) lacks AVX2 and FMA"
    with pytest.raises(UserError, match=text):
        numerics.configure(NumericsSettings())
    numerics.configure(NumericsSettings(portable=False))
    machine("aarch64", {"architecture": "aarch64"})
    numerics.configure(NumericsSettings())


@pytest.mark.parametrize(
    ("vendor", "holds_for"),
    [
        ("GenuineIntel", "Intel CPUs with AVX2"),
        ("AuthenticAMD", "AMD CPUs with AVX2"),
        ("New", "New CPUs with AVX2"),
    ],
)
def test_the_promise_is_for_one_maker(
    machine: Any, monkeypatch: pytest.MonkeyPatch, vendor: str, holds_for: str
) -> None:
    monkeypatch.setattr(portability, "cpu_vendor", lambda: vendor)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    found = portability.portability(NumericsSettings(), CPU)
    assert found.pop("fingerprint") == portability.fingerprint()
    assert found == {"portable": True, "vendor": vendor, "instruction_set": "AVX2", "holds_for": holds_for}


def test_what_is_not_capped_is_not_promised(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portability, "cpu_vendor", lambda: "GenuineIntel")
    free = portability.portability(NumericsSettings(portable=False), CPU)
    assert (free["portable"], free["holds_for"]) == (False, "CPUs of this model")
    gpu = portability.portability(NumericsSettings(), torch.device("cuda"))
    assert (gpu["portable"], gpu["holds_for"], gpu["fingerprint"]) == (False, "GPUs of this model", None)
    machine("aarch64")
    assert not portability.portability(NumericsSettings(), CPU)["portable"]
    machine("x86_64")
    monkeypatch.setattr(portability, "cpu_vendor", lambda: None)
    assert not portability.portability(NumericsSettings(), CPU)["portable"]


def test_the_vendor_is_read_where_the_system_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: GenuineIntel's rival\n")
    assert portability.cpu_vendor(file) == "AuthenticAMD"
    monkeypatch.setattr(platform, "processor", lambda: "Intel64 Family 6 Model 106 Stepping 6, GenuineIntel")
    assert portability.cpu_vendor(tmp_path / "none") == "GenuineIntel"
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    assert portability.cpu_vendor(tmp_path / "none") is None


def test_the_fingerprint_is_of_the_arithmetic_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the default type nor the random state moves it, or is moved; one bit of one result does."""
    before = portability.fingerprint()
    assert len(before) == 12
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(3)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert portability.fingerprint() == before
    assert torch.equal(torch.rand(1), drawn)
    torch.set_rng_state(states[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states[1:]

    def other_bit(values: torch.Tensor) -> torch.Tensor:
        result = gelu(values)
        result[500] = torch.nextafter(result[500], torch.tensor(9.0, dtype=result.dtype))
        return result

    gelu = functional.gelu
    monkeypatch.setattr(functional, "gelu", other_bit)
    assert portability.fingerprint() != before
