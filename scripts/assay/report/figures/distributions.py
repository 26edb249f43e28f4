"""The figure of the variants by themselves: how their runs are spread over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.figure import Figure

from assay.notation import Scale
from assay.report.figures.means import interval, quartiles
from assay.report.figures.rows import Rows, limits
from assay.report.style import GREY, Look
from assay.statistics.paired import mean, standard_deviation

BOX_FROM = 8
"""Runs of a variant from which on quartiles say something: its row has a box."""


def distributions(
    values: Mapping[str, Mapping[int, float]],
    baseline: str,
    scale: Scale,
    alpha: float,
    looks: Mapping[str, Look],
) -> Figure:
    """A row a variant: every run's value, their quartiles, their mean and its interval.

    Args:
        values: variant → seed → value, of the runs that finished; one value or more.
        alpha: intervals cover the mean with probability 1 - alpha.
    """
    arms = {name: [scale.factor * value for value in arm.values()] for name, arm in values.items()}
    within = (0.0, 100.0) if scale.is_proportion else (-math.inf, math.inf)
    ends = {name: interval(arm, alpha, within) for name, arm in arms.items()}
    rows = Rows(
        [f"{name} (baseline)" if name == baseline and len(arms) > 1 else name for name in arms],
        list(arms.values()),
        [[f"mean ± sd{' (%)' if scale.is_proportion else ''}\nn", *_texts(values, scale)]],
        limits(
            [value for arm in arms.values() for value in arm],
            [end for pair in ends.values() if pair is not None for end in pair],
        ),
        [looks[name] for name in arms],
    )
    filled = {place: arm for place, arm in enumerate(arms.values()) if arm}
    rows.boxes({place: quartiles(arm) for place, arm in filled.items() if len(arm) >= BOX_FROM})
    rows.means(
        {place: sum(arm) / len(arm) for place, arm in filled.items()},
        {place: pair for place, pair in enumerate(ends.values()) if pair is not None},
    )
    if len(arms) > 1 and arms[baseline]:
        center = sum(arms[baseline]) / len(arms[baseline])
        rows.axes.axvline(center, color=GREY, linewidth=1, linestyle=(0, (3, 3)), zorder=1.5)
    rows.axes.set_xlabel(scale.axis)
    return rows.figure


def _texts(values: Mapping[str, Mapping[int, float]], scale: Scale) -> list[str]:
    """Mean, standard deviation and number of each variant's runs."""
    found = []
    for arm in values.values():
        numbers = list(arm.values())
        center, sd = scale.number(mean(numbers)), scale.number(standard_deviation(numbers))
        text = "no run" if not numbers else f"{center} ± {sd}" if len(numbers) > 1 else center
        found.append(f"{text}\nn = {len(numbers)}" if numbers else text)
    return found
