"""The arithmetic of a run, set in two steps: the environment before torch is imported, then torch.

The same recipe must give the same bits whatever machine starts it: so the number of threads never
comes from the scheduler, algorithms are deterministic, and, with `portable`, the CPU's instruction
set is capped so that newer processors compute as older ones do. `assay.portability` says for whom.
"""

from __future__ import annotations

import gc
import os
import platform
import sys
import warnings
from collections.abc import Mapping

from assay.errors import UserError
from assay.settings.training import NumericsSettings

_CAPS = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"}
"""The newest instruction set that torch, oneDNN and MKL may use."""
_ANY = {"MKL_CBWR": "COMPATIBLE"}
"""The only code of MKL's that it also runs on processors of other makers than its own."""


def capped(settings: NumericsSettings) -> bool:
    """Whether the CPU's instruction set is capped: `portable` is set, and this is an x86 processor."""
    return bool(settings.portable) and platform.machine() in ("x86_64", "AMD64")


def environment(settings: NumericsSettings) -> dict[str, str]:
    """The environment variables that must be set before torch is imported."""
    threads = str(settings.threads)
    found = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    found |= {"OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE"}
    if settings.deterministic:
        found["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    if capped(settings):
        found |= _CAPS | (_ANY if settings.portable == "any" else {})
    return found


def set_environment(settings: NumericsSettings) -> None:
    """Set them; warn if it is too late, because torch reads some of them only when it is imported."""
    wanted = environment(settings)
    late = sorted(name for name in _CAPS if os.environ.get(name) != wanted.get(name))
    for name in _CAPS:
        os.environ.pop(name, None)
    os.environ.pop("OMP_THREAD_LIMIT", None)
    os.environ.update(wanted)
    if late and "torch" in sys.modules:
        warnings.warn(
            f"torch was imported before {', '.join(late)} could be set: the bits may differ from those "
            "of a run that the workflow starts. Import assay.api before torch",
            stacklevel=2,
        )


def import_torch() -> None:
    """Import torch. No garbage is looked for meanwhile, nor later in what it made: all of that stays."""
    gc.disable()
    try:
        import torch  # noqa: F401

        gc.freeze()
    finally:
        gc.enable()


def configure(settings: NumericsSettings) -> None:
    """Set torch's own switches: threads, deterministic algorithms, TF32, dtype.

    Raises:
        RuntimeError: `set_environment` was not called before.
        UserError: the processor lacks the instruction set that `portable` fixes.
    """
    if any(os.environ.get(name) != value for name, value in environment(settings).items()):
        raise RuntimeError("numerics.set_environment must come first, before torch is imported")
    import torch

    if capped(settings):
        _require_avx2(torch.cpu.get_capabilities())
    torch.set_num_threads(settings.threads)
    # torch.use_deterministic_algorithms does the same, and imports the compiler for it
    torch.set_deterministic_debug_mode("error" if settings.deterministic else "default")
    torch.backends.cudnn.deterministic = settings.deterministic
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = settings.tf32
    torch.backends.cudnn.allow_tf32 = settings.tf32
    torch.set_default_dtype(getattr(torch, settings.dtype))


def _require_avx2(found: Mapping[str, object]) -> None:
    # torch believes ATEN_CPU_CAPABILITY: without this check the first computation kills the process
    if not (found.get("avx2") and found.get("fma3")):
        raise UserError(
            f"numerics.portable: this processor ({found.get('cpu_name', 'unknown')}) lacks AVX2 and FMA, the "
            "instructions whose bits it promises. Compute on another (x86 processors have them since 2013 to "
            "2015; a virtual machine may hide them), or set numerics.portable to false"
        )
