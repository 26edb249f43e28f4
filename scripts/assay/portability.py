"""Which other machines give a run's bits, and a fingerprint of this one's arithmetic to compare.

It is recorded in `environment.json`, which is in no receipt; the seal has its bytes.

With `numerics.portable`, torch, oneDNN and MKL compute with AVX2 on every x86 processor. The first two
then do the same whoever made it. MKL (matrix products of linear layers; exp, log, sqrt of tensors) does
so on Intel's, and has other code for all others. So the promise is for processors of one maker; with
`portable: any`, MKL computes with the code that it has for all of them, and the promise is for all.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay import numerics
from assay.digest import tensors_digest
from assay.settings.training import NumericsSettings

if TYPE_CHECKING:
    import torch

_MAKERS = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD", "HygonGenuine": "Hygon", "CentaurHauls": "VIA"}


def portability(settings: NumericsSettings, device: torch.device) -> dict[str, Any]:
    """What to record of a run's arithmetic. Numerics must have been configured.

    Returns:
        portable: whether processors of other models are promised to give the same bits;
        vendor: who made the CPU, as it calls itself (`GenuineIntel`), None if it does not say;
        instruction_set: the one that torch computes with (`AVX2`);
        holds_for: which machines are promised to give the same bits, with the same versions;
        fingerprint: equal where the CPU's arithmetic is, 12 hex digits; None on other devices.
    """
    import torch

    vendor, instruction_set = cpu_vendor(), torch.backends.cpu.get_cpu_capability()
    on_cpu = device.type == "cpu"
    portable = on_cpu and numerics.capped(settings) and vendor is not None
    if portable and settings.portable == "any":
        holds_for = f"x86 CPUs with {instruction_set}"
    elif portable:
        holds_for = f"{_MAKERS.get(str(vendor), vendor)} CPUs with {instruction_set}"
    else:
        holds_for = f"{'CPUs' if on_cpu else 'GPUs'} of this model"
    return {
        "portable": portable,
        "vendor": vendor,
        "instruction_set": instruction_set,
        "holds_for": holds_for,
        "fingerprint": fingerprint() if on_cpu else None,
    }


def cpu_vendor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    """The vendor that an x86 CPU names (CPUID, leaf 0), or None where neither Linux nor Python tells it."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("vendor_id"):
            return line.partition(":")[2].strip()
    return next((vendor for vendor in _MAKERS if vendor in platform.processor()), None)  # Windows


def fingerprint() -> str:
    """Digest of small products, sums and functions on the CPU, in float32; 12 hex digits.

    The operations are those whose bits differ first between instruction sets, processors' makers,
    numbers of threads and versions. Nothing random is drawn.
    """
    import torch
    from torch.nn import functional

    def values(*shape: int) -> torch.Tensor:
        """Fixed numbers from -2 to 2, exact in float32: multiples of 2^-12."""
        count = torch.Size(shape).numel()
        numbers = (torch.arange(count) * 40503 + 12345) % 16385 - 8192
        return (numbers.to(torch.float32) / 4096).reshape(shape)

    with torch.no_grad():
        line, positive = values(1003), values(1003).abs() + 0.5
        found = {f"{n}x{k}x{m}": values(n, k) @ values(k, m) for n, k, m in _PRODUCTS}
        found |= {
            "linear": functional.linear(values(7, 13), values(5, 13), values(5)),
            "convolution": functional.conv2d(values(2, 3, 9, 9), values(8, 3, 3, 3)),
            "softmax": values(33, 10).log_softmax(1),
            "sum": line.sum(),
            "dot": line @ line,
            "exp": line.exp(),
            "tanh": line.tanh(),
            "erf": line.erf(),
            "gelu": functional.gelu(line),
            "log": positive.log(),
        }
    return tensors_digest(found)[:12]


_PRODUCTS = ((33, 64, 10), (1, 50, 20), (128, 300, 77))
