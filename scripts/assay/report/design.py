"""What the design of a study makes of its numbers: looks, seeds that were added, splits, lost runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.report.inputs import Inputs
from assay.report.phrases import SPENDING
from assay.words import counted, listed


def facts(inputs: Inputs) -> list[str]:
    """What is in order, and is said near the top all the same."""
    return [*_looks(inputs), *_corrected(inputs), *_excluded(inputs)]


def warnings(inputs: Inputs) -> list[str]:
    """What makes the numbers say less than they seem to."""
    return [*_extended(inputs), *_not_corrected(inputs), *_failures(inputs)]


def _looks(inputs: Inputs) -> Iterator[str]:
    looks: dict[str, Any] | None = inputs.compared["looks"]
    if looks:
        planned, look = looks["planned"], looks["look"]
        is_clean = not (inputs.compared["earlier"] or inputs.settings.partial)
        honest = ", so to stop here is honest" if is_clean else ""
        yield (
            f"Look {look} of {len(planned)} that are declared ({listed(map(str, planned))} seeds): intervals "
            f"and p values account for all of them ({SPENDING[looks['spending']]} spending){honest}."
        )


def _extended(inputs: Inputs) -> Iterator[str]:
    """Seeds that were added after a look that had not been declared."""
    earlier, now = inputs.compared["earlier"], len({run.seed for run in inputs.runs})
    if earlier:
        steps = listed(map(str, [*earlier, now])).replace(" and ", " to ").replace(", ", " to ")
        after = "a first look" if len(earlier) == 1 else f"{counted(len(earlier), 'look')}"
        yield (
            f"Extended from {steps} seeds after {after}: false alarms are likelier than "
            f"{inputs.compared['alpha']:g}, since each look was a chance of one. Looks that are declared "
            "before the first (comparisons.looks) have no such cost."
        )


def splits(inputs: Inputs) -> bool:
    """Whether each seed splits the data anew in any variant."""
    return any((variant.get("data") or {}).get("split_per_run") for variant in inputs.variants)


def _corrected(inputs: Inputs) -> Iterator[str]:
    if inputs.compared["resampling"]:
        yield (
            "Each seed splits the data anew, so that pairs share samples: intervals and tests use the "
            "corrected variance of Nadeau and Bengio (2003)."
        )


def _excluded(inputs: Inputs) -> Iterator[str]:
    """Variants that are in no comparison because the study says so."""
    comparisons = inputs.compared["comparisons"]
    compared = {inputs.baseline, *(test[arm] for test in comparisons for arm in ("baseline", "variant"))}
    left = [name for name in inputs.names if name not in compared]
    if left:
        yield f"Trained and shown, but not compared: {listed(left)}."


def _not_corrected(inputs: Inputs) -> Iterator[str]:
    if splits(inputs) and not inputs.compared["resampling"]:
        yield (
            "Each seed splits the data anew: pairs share samples, so intervals are too narrow and p "
            "values too small."
        )


def _failures(inputs: Inputs) -> Iterator[str]:
    """Comparisons of which one side lost more runs than the other."""
    pairs = [
        f"{test['variant']} and {test['baseline']}"
        for test in inputs.compared["comparisons"]
        if test["failures_differ"]
    ]
    if pairs:
        yield (
            f"Failures differ between the variants of {counted(len(pairs), 'comparison')} "
            f"({'; '.join(pairs)}): the runs that are left may not be a fair sample. "
            "See the worst case under “Lost runs”."
        )
