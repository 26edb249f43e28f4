"""What a job needs of the machine that it runs on: time, memory, processors, GPUs; as people write amounts.

None of it decides a result, so none of it is in an address.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from assay.settings.base import Settings, either, shown

MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
"""Unit of a time → minutes."""
MEGABYTES = {"MB": 1, "GB": 1000, "TB": 1000**2}
"""Unit of an amount of memory → MB."""

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_TIME = re.compile(r"(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?")
_MEMORY = re.compile(rf"{_NUMBER}(MB|GB|TB)")
_LOOSE = re.compile(rf"{_NUMBER}\s*([A-Za-z]*)")


def minutes(value: object) -> int:
    """A time such as `90m`, `4h`, `1d12h`, in minutes.

    Raises:
        ValueError: it is no such time, or none at all; the text leads to one.
    """
    text = value if isinstance(value, str) else ""  # YAML's 90 has no unit
    parts = re.findall(r"([0-9]+)([dhm])", text) if _TIME.fullmatch(text) else []
    if found := sum(int(number) * MINUTES[unit] for number, unit in parts):
        return found
    raise ValueError(f"must be a time such as 30m, 4h or 1d12h, not {shown(value)}{_near(value, MINUTES)}")


def time_text(number: int) -> str:
    """Minutes as such a time: `1d12h`, `30m`."""
    found, left = "", max(number, 1)
    for unit, size in sorted(MINUTES.items(), key=lambda item: -item[1]):
        count, left = divmod(left, size)
        found += f"{count}{unit}" if count else ""
    return found


def megabytes(value: object) -> int:
    """An amount of memory such as `500MB`, `16GB`, in MB.

    Raises:
        ValueError: it is no such amount, or none at all; the text leads to one.
    """
    whole = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    if found := math.ceil(float(whole[1]) * MEGABYTES[whole[2]]) if whole else 0:
        return found
    told = f"not {shown(value)}{_near(value, MEGABYTES)}"
    raise ValueError(f"must be an amount of memory such as 500MB or 16GB, {told}")


def _near(value: object, units: dict[str, int]) -> str:
    """Words that lead from an amount that is not valid to those like it that are."""
    loose = _LOOSE.fullmatch(str(value).strip())
    if loose is None or float(loose[1]) == 0:
        return ""
    number, unit = loose[1], loose[2][:1].lower()
    names = [name for name in units if name[0].lower() == unit] or list(units)
    if units is MINUTES and "." in number:
        number, names = str(round(float(number) * MINUTES[names[0]])), ["m"]
    return f"; did you mean {' or '.join(f'{number}{name}' for name in names)}?"


def _time(value: Any) -> Any:
    minutes(value)
    return value


def _memory(value: Any) -> Any:
    megabytes(value)
    return value


Time = Annotated[str, BeforeValidator(_time)]
"""A time, as text."""
Memory = Annotated[str, BeforeValidator(_memory)]
"""An amount of memory, as text."""


class JobSettings(Settings):
    """What one result of a stage needs; what is left out is estimated."""

    runtime: Time | None = None
    """The longest that it may take: `30m`, `4h`, `1d12h`. A run that takes longer is continued by its next
    job."""
    memory: Memory | None = None
    """The memory that it may use: `500MB`, `16GB`."""
    cpus: Annotated[int, Field(gt=0)] | None = None
    """The CPUs that it is given. It decides no bits: how many threads a run computes with says
    `numerics.threads`."""


class TrainJobSettings(JobSettings):
    """What one run needs, to be trained and evaluated."""

    gpus: Annotated[int, Field(ge=0)] | None = None
    """The GPUs that its job is given; runs that share a job (`machine.runs_per_gpu`) share them."""
    gpu_type: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$"), either("the name of a type of GPU, such as a100")]
        | None
    ) = None
    """Their type, as the cluster calls it: `a100`. `assay cluster check` lists the types that there are."""

    @model_validator(mode="after")
    def _type_of_a_gpu(self) -> TrainJobSettings:
        if self.gpu_type is not None and self.gpus == 0:
            raise ValueError(f"gpu_type: {self.gpu_type!r} is the type of no GPU: gpus is 0")
        return self


class ResourceSettings(Settings):
    """What the jobs of each stage need."""

    prepare: JobSettings | None = None
    """What it takes to prepare one data set."""
    train: TrainJobSettings | None = None
    """What it takes to train and evaluate one run: `{gpus: 1, gpu_type: a100, runtime: 4h, memory: 16GB,
    cpus: 2}`. A job that computes several seeds asks for all of their times, and for the memory and the CPUs
    of those that it computes at once."""
    aggregate: JobSettings | None = None
    """What it takes to make a variant's or the study's tables."""
    compare: JobSettings | None = None
    """What it takes to compare."""
    report: JobSettings | None = None
    """What it takes to write the report."""
