"""The arithmetic of a run, set in two steps: the environment before torch is imported, then torch.

The same recipe must give the same bits whatever machine starts it: so the number of threads never
comes from the scheduler, algorithms are deterministic, and, with `portable`, the CPU's instruction
set is capped so that newer processors compute as older ones do.
"""

from __future__ import annotations

import os
import platform
import sys
import warnings

from assay.settings.training import NumericsSettings

_CAPS = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"}


def environment(settings: NumericsSettings) -> dict[str, str]:
    """The environment variables that must be set before torch is imported."""
    threads = str(settings.threads)
    found = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    found |= {"OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE"}
    if settings.deterministic:
        found["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    if settings.portable and platform.machine() in ("x86_64", "AMD64"):
        found |= _CAPS
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


def configure(settings: NumericsSettings) -> None:
    """Set torch's own switches: threads, deterministic algorithms, TF32, dtype.

    Raises:
        RuntimeError: `set_environment` was not called before.
    """
    if any(os.environ.get(name) != value for name, value in environment(settings).items()):
        raise RuntimeError("numerics.set_environment must come first, before torch is imported")
    import torch

    torch.set_num_threads(settings.threads)
    # torch.use_deterministic_algorithms does the same, and imports the compiler for it
    torch.set_deterministic_debug_mode("error" if settings.deterministic else "default")
    torch.backends.cudnn.deterministic = settings.deterministic
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = settings.tf32
    torch.backends.cudnn.allow_tf32 = settings.tf32
    torch.set_default_dtype(getattr(torch, settings.dtype))
