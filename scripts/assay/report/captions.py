"""What stands below each figure: what is drawn, of how many runs, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.notation import Scale, metric_label, percent
from assay.report.figures.confusion import MOST_NUMBERED
from assay.report.figures.distributions import BOX_FROM
from assay.report.figures.learning_curves import has_bands
from assay.report.histories import History, counts
from assay.report.inputs import Inputs
from assay.report.phrases import level, tested
from assay.words import counted, listed


def differences(inputs: Inputs) -> str:
    """Of the forest plot."""
    compared = inputs.compared
    metric = metric_label(inputs.metric)
    counts = sorted({test["n"] for test in compared["comparisons"]})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    pairs = compared.get("design") == "all_pairs"
    of = "between variants" if pairs else f"from {compared['baseline']}"
    said = [
        f"Differences {of} in {metric}, on the same seeds. Each dot is one seed (n = {n} pairs a "
        f"comparison), the diamond their mean, the bar its {level(compared)} confidence interval (an arrow "
        "where it goes on). A bar that crosses the line at zero leaves the direction open."
    ]
    if compared.get("margin") is not None:
        inner = percent(1 - 2 * compared["alpha"])
        said.append(
            f"The shaded band is the margin of equivalence, the thick part the {inner} interval that is held "
            "against it."
        )
    if tested(compared) > 1:
        said.append("Verdicts and p are adjusted for the number of comparisons, intervals are not.")
    return " ".join(said)


def seeds(inputs: Inputs) -> str:
    """Of the values of every seed."""
    metric, baseline = metric_label(inputs.metric), inputs.baseline
    if len(inputs.names) == 1:
        return f"Every seed's {metric}, and the mean (bar)."
    return (
        f"Every seed's {metric}. Lines join runs with the same seed: solid where the variant is "
        f"better than {baseline}, dashed grey where it is not. Hollow markers have no partner. "
        "Bars are means."
    )


def distributions(inputs: Inputs) -> str:
    """Of each variant's runs by themselves."""
    several = any(len(inputs.values(name)) >= BOX_FROM for name in inputs.names)
    box = " Boxes reach from the first to the third quartile, with the median." if several else ""
    pairs = (
        f" The dashed line is the mean of {inputs.baseline}. Whether variants differ is read from their "
        "paired differences, not from overlaps of these intervals."
    )
    return (
        f"Distribution of {metric_label(inputs.metric)} over seeds. Each dot is one run, the diamond the "
        f"mean, the bar its {level(inputs.compared)} confidence interval.{box}"
        f"{pairs if len(inputs.names) > 1 else ''}"
    )


def learning_curves(inputs: Inputs, histories: Sequence[History], shown: Sequence[Scale]) -> str:
    """Of the learning curves.

    Args:
        histories: of the runs that are drawn.
    """
    if has_bands(histories):
        seeds_shown = f"; bands: {level(inputs.compared)} confidence interval of the mean at each epoch"
    elif max(counts(histories).values()) > 1:
        seeds_shown = "; faint lines: every run"
    else:
        seeds_shown = ""
    last = {(run.variant, int(run.epochs.max())) for run in histories}
    ended = " Thin where some runs had ended." if len(last) > len(counts(histories)) else ""
    return (
        f"Learning curves: {listed(metric_label(scale.metric) for scale in shown)} after each epoch. "
        f"Lines: mean over seeds{seeds_shown}.{ended} Finished runs only."
    )


def confusion(runs: Iterable[int], classes: int) -> str:
    """Of the confusion matrices.

    Args:
        runs: numbers of runs that the variants' matrices are means over.
        classes: their number.
    """
    counts = sorted(set(runs))
    n = counted(counts[0], "run") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} runs"
    empty = " Cells that no sample fell in are empty." if classes <= MOST_NUMBERED else ""
    return (
        "Confusion matrices: of each true class (row), the percentage of its samples that was given to each "
        f"class (column), mean over {n} a variant. Blue: correct; orange: wrong; the darker, the more "
        f"(by the square root of the percentage).{empty}"
    )


def cost(inputs: Inputs) -> str:
    """Of what training takes."""
    metric = metric_label(inputs.metric)
    return (
        f"{metric[:1].upper()}{metric[1:]} against the time it takes to train a run, validation included. "
        f"Each dot is one run, the marker the mean, the bars {level(inputs.compared)} confidence intervals. "
        "Times depend on the machine and on what else it did."
    )
