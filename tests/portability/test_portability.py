"""Older processors give the same bits: one program here, and on emulated ones (QEMU, user mode).

The emulated Haswell (2013) has AVX2 and other caches than any server today; IvyBridge (2012) lacks AVX2.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from assay.portability import cpu_vendor

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("train_networks.py")
NETWORKS = ("mlp", "cnn", "transformer", "lstm", "gru", "mixed", "autoencoder")
MISCOMPUTED = {"lstm"}
"""What Debian 12's QEMU 7.2 computes wrongly (by 0.1 and more); 10.0 does not."""
ANY = ("mlp", "cnn", "transformer", "autoencoder")
EMULATOR = shutil.which("qemu-x86_64")

if platform.system() != "Linux" or platform.machine() != "x86_64":
    pytest.skip("the instruction set is capped on x86-64 only", allow_module_level=True)
if EMULATOR is None:
    pytest.skip("qemu-x86_64 is not installed (Debian's package qemu-user)", allow_module_level=True)
if cpu_vendor() != "GenuineIntel":
    pytest.skip("the emulated processors are Intel's, this one is not", allow_module_level=True)


def start(*arguments: str, emulated: str | None = None) -> subprocess.Popen[str]:
    """The program here or on an emulated processor, in the workflow's environment."""
    emulator = [str(EMULATOR), "-cpu", emulated] if emulated else []
    return subprocess.Popen(
        [*emulator, sys.executable, str(PROGRAM), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(process: subprocess.Popen[str]) -> dict[str, list[str]]:
    """What the program printed: for each first word the others."""
    out, errors = process.communicate(timeout=1200)
    assert process.returncode == 0, errors
    words = (line.split() for line in out.splitlines())
    return {first: others for first, *others in words}


@pytest.fixture(scope="module")
def native() -> dict[str, list[str]]:
    """Comes before the emulated ones, for which compiling the modules would take ten seconds."""
    return lines(start())


@pytest.fixture(scope="module")
def older(native: dict[str, list[str]]) -> Iterator[subprocess.Popen[str]]:
    """Starts beside the rest, because it takes a minute: IvyBridge, which must fail."""
    process = start("mlp", emulated="IvyBridge")
    yield process
    process.kill()


@pytest.fixture(scope="module")
def emulated(older: subprocess.Popen[str]) -> dict[str, list[str]]:
    process = start(emulated="Haswell")
    try:
        return lines(process)
    except AssertionError as error:
        if "lacks AVX2" in str(error):
            pytest.skip("this qemu-x86_64 emulates no AVX2; 7.2 is the first that does")
        raise


def test_the_emulated_processor_is_another(
    native: dict[str, list[str]], emulated: dict[str, list[str]]
) -> None:
    assert native["processor:"] != emulated["processor:"]
    assert "AVX-512: False; torch uses AVX2" in " ".join(emulated["processor:"])
    assert set(native) == set(emulated) == {"processor:", "fingerprint", *NETWORKS}


@pytest.mark.parametrize("name", ["fingerprint", *NETWORKS])
def test_weights_are_the_same_on_an_older_processor(
    name: str, native: dict[str, list[str]], emulated: dict[str, list[str]]
) -> None:
    assert "wrong" not in native[name]
    if "wrong" in emulated[name] and name in MISCOMPUTED:
        version = subprocess.run([str(EMULATOR), "--version"], capture_output=True, text=True).stdout
        pytest.skip(f"{version.splitlines()[0]} computes a wrong {name}; 10.0 does not")
    assert emulated[name] == native[name]


@pytest.fixture(scope="module")
def other_maker() -> dict[str, list[str]]:
    """With `portable: any`, on an emulated processor of AMD's."""
    return lines(start("--portable", "any", *ANY, emulated="EPYC"))


@pytest.fixture(scope="module")
def any_maker() -> dict[str, list[str]]:
    """With `portable: any`, here."""
    return lines(start("--portable", "any", *ANY))


@pytest.mark.parametrize("name", ["fingerprint", *ANY])
def test_weights_are_the_same_on_a_processor_of_another_maker(
    name: str, any_maker: dict[str, list[str]], other_maker: dict[str, list[str]]
) -> None:
    assert other_maker[name] == any_maker[name] and "wrong" not in any_maker[name]


def test_without_the_cap_a_newer_processor_gives_other_bits(native: dict[str, list[str]]) -> None:
    """Else the tests above would prove nothing."""
    if "AVX-512: True" not in " ".join(native["processor:"]):
        pytest.skip("this processor has nothing newer than AVX2")
    free = lines(start("--portable", "false"))
    assert all(free[name] != native[name] for name in ("fingerprint", *NETWORKS))


def test_a_processor_without_avx2_is_refused_before_it_computes(older: subprocess.Popen[str]) -> None:
    """Not killed by an instruction that it lacks."""
    _, errors = older.communicate(timeout=1200)
    assert older.returncode == 1
    assert "UserError: numerics.portable: this processor (Intel Xeon E3-12xx v2) lacks AVX2" in errors
