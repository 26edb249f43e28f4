"""What a variant costs: time, throughput, memory and parameters, averaged over its runs as measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from assay.report.inputs import Inputs


@dataclass(frozen=True)
class Cost:
    """Means over the runs of one variant that recorded what they cost."""

    variant: str
    n: int
    """Runs that were averaged; costs are None where it is 0."""
    seconds: float | None
    """To train one run, validation included."""
    seconds_deviation: float | None
    """Standard deviation over the runs."""
    samples_per_second: float | None
    """While training."""
    epochs: float | None
    """That were trained."""
    peak_memory: float | None
    """MB, of the process, or of the GPU where one was used."""
    parameters: int | None
    """Of the model."""
    devices: tuple[str, ...]
    """Kinds of device that the runs were trained on."""


def costs(inputs: Inputs) -> list[Cost]:
    """Every variant's cost, in the study's order; empty where no run recorded any."""
    found = []
    for variant in inputs.variants:
        runs = [run for run in inputs.runs if run.variant == variant["name"] and run.finished and run.cost]
        recorded = [run.cost for run in runs if run.cost]
        seconds = [cost.seconds for cost in recorded]
        found.append(
            Cost(
                variant=variant["name"],
                n=len(recorded),
                seconds=_mean(seconds),
                seconds_deviation=statistics.stdev(seconds) if len(seconds) > 1 else None,
                samples_per_second=_mean(cost.samples_per_second for cost in recorded),
                epochs=_mean(cost.epochs for cost in recorded),
                peak_memory=_mean(cost.peak_memory for cost in recorded),
                parameters=variant.get("parameters"),
                devices=tuple(sorted({str(run.environment.get("device", "unknown")) for run in runs})),
            )
        )
    return found if any(cost.n for cost in found) else []


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None
