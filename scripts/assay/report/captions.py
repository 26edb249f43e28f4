"""What stands below each figure: what is drawn, of how many runs, and how to read it."""

from __future__ import annotations

from collections.abc import Sequence

from assay.notation import Scale
from assay.report import verdict
from assay.report.inputs import Inputs
from assay.words import listed


def differences(inputs: Inputs) -> str:
    """Of the forest plot."""
    compared = inputs.compared
    counts = sorted({test["n"] for test in compared["comparisons"]})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    several = verdict.tested(compared) > 1
    adjusted = (
        " Verdicts and p are adjusted for the number of comparisons, intervals are not." if several else ""
    )
    return (
        f"Differences from {compared['baseline']} in {inputs.metric}, on the same seeds. Each dot is "
        f"one seed (n = {n} pairs a variant), the diamond their mean, the bar its "
        f"{verdict.level(compared)} confidence interval. A bar that crosses the line at zero "
        f"leaves the direction open.{adjusted}"
    )


def seeds(inputs: Inputs) -> str:
    """Of the values of every seed."""
    baseline = inputs.baseline
    if len(inputs.names) == 1:
        return f"Every seed's {inputs.metric}, and the mean (bar)."
    return (
        f"Every seed's {inputs.metric}. Lines join runs with the same seed: solid where the variant is "
        f"better than {baseline}, dashed grey where it is not. Hollow dots have no partner. "
        "Bars are means."
    )


def learning(inputs: Inputs, shown: Sequence[Scale]) -> str:
    """Of the learning curves."""
    several = any(len(inputs.values(name)) > 1 for name in inputs.names)
    band = "; bands: ± 1 standard deviation over seeds" if several else ""
    counts = [f"{name} {sum(r.finished for r in inputs.runs if r.variant == name)}" for name in inputs.names]
    return (
        f"Learning curves: {listed(scale.metric for scale in shown)} after each epoch. Lines: mean over "
        f"seeds{band}. Finished runs only (n: {', '.join(counts)})."
    )
