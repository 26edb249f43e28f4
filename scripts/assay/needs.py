"""What one job needs of the machine that it runs on: as estimated, and as studies say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.settings.resources import JobSettings, TrainJobSettings, megabytes, minutes


@dataclass(frozen=True)
class Needs:
    """What one job needs, or one result of it."""

    memory: int
    """MB."""
    minutes: int
    cpus: int = 1
    gpus: int = 0
    gpu_type: str = ""

    def cut(self, longest: int) -> Needs:
        """The same in no more than so many minutes."""
        return replace(self, minutes=min(self.minutes, longest))


def most(said: Sequence[JobSettings | None]) -> JobSettings:
    """What is enough for every study that says something: the most of each amount."""
    given = [settings for settings in said if settings is not None]
    if not given:
        return JobSettings()
    amounts: dict[str, Callable[[Any], Any]] = {"runtime": minutes, "memory": megabytes}
    found: dict[str, Any] = {}
    for name in type(given[0]).model_fields:
        values = [value for settings in given if (value := getattr(settings, name)) is not None]
        found[name] = max(values, key=amounts.get(name, lambda value: value), default=None)
    return type(given[0]).model_construct(**found)


def overlaid(estimated: Needs, given: JobSettings) -> Needs:
    """An estimate with what is given in its place."""
    found = replace(
        estimated,
        memory=megabytes(given.memory) if given.memory else estimated.memory,
        minutes=minutes(given.runtime) if given.runtime else estimated.minutes,
        cpus=given.cpus or estimated.cpus,
    )
    return replace(found, gpu_type=given.gpu_type or "") if isinstance(given, TrainJobSettings) else found


def gpus_said(given: JobSettings) -> int | None:
    """How many GPUs studies say that a run needs; None if they say nothing of it."""
    if not isinstance(given, TrainJobSettings) or (given.gpus is None and given.gpu_type is None):
        return None
    return max(given.gpus or 0, int(given.gpu_type is not None))
