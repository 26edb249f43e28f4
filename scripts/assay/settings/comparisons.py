"""What is compared, and how: the statistics of a study. Changing it trains nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from assay.settings.base import Location, Settings

Alpha = Annotated[float, Field(gt=0, lt=1)]
LEAST_ALPHA = 1e-9
"""A smaller one is beyond what t distributions can be computed for."""


class StatisticsSettings(Settings):
    """The tests that are made on a table of runs."""

    baseline: str | None = None
    """The variant that all others are compared with; the first one unless named."""
    metric: str = "accuracy"
    """The metric that decides: one of the task's, or `val_` and one of them for the validation value
    of the best epoch."""
    alpha: Alpha = 0.05
    """Largest acceptable probability of one false alarm among all comparisons (Holm)."""
    exclude: list[str] = []
    """Variants that are trained and shown, but not compared: a teacher, say."""
    design: Literal["baseline", "all_pairs"] = "baseline"
    """Compare each variant with the baseline, or each with each."""
    adjustment: Literal["holm", "max_t"] = "holm"
    """How p values account for several comparisons: by `holm`, or, Dunnett-like, by `max_t`: the largest |t|
    under joint sign flips, which uses that comparisons share seeds and baseline, from about 7 seeds on."""
    margin: Annotated[float, Field(gt=0, lt=1e100)] | None = None
    """Smallest difference that matters, in units of the metric: 0.005 is half a point of accuracy. With it,
    variants can be found equivalent (TOST), and the report says how many seeds find a true one."""
    power: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Probability to find a difference that is there, for the numbers of planning."""
    bayesian: bool = False
    """Also give the posterior probabilities that a variant is worse, practically equivalent (within `margin`)
    and better."""
    looks: list[Annotated[int, Field(ge=2)]] = []
    """Numbers of seeds at which the study is looked at, declared before the first: `[5, 10, 20]`. Levels are
    then such that all looks together keep to `alpha`, and a study may end at the first that decides."""
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    """How `looks` share alpha: little at first (O'Brien-Fleming), or nearly the same at each (Pocock)."""


def contradictions(settings: StatisticsSettings) -> Iterator[tuple[Location, str]]:
    """(key, text) of what is wrong with statistics whose every key is valid by itself."""
    for index, name in enumerate(settings.exclude):
        if name == settings.baseline:
            yield ("exclude", index), f"{name!r} is the baseline"
    if settings.adjustment == "max_t" and settings.looks:
        yield ("adjustment",), "max_t knows no looks; with looks, use holm"
    if not LEAST_ALPHA <= settings.alpha < 0.5:
        yield ("alpha",), f"must lie between {LEAST_ALPHA:g} and 0.5, not {settings.alpha:g}"
    if settings.power <= settings.alpha:
        yield ("power",), f"must be above alpha, {settings.alpha:g}, which a study has without any effect"
    if settings.bayesian and settings.margin is None:
        yield ("bayesian",), "needs a margin: within it, variants are practically equivalent"
    if any(later <= look for look, later in pairwise(settings.looks)):
        yield ("looks",), f"must ascend, not {settings.looks}"


class ComparisonSettings(StatisticsSettings):
    """Which variants are compared, on what. Changing it trains nothing."""

    secondary: list[str] | None = None
    """Other metrics to compare (Benjamini-Hochberg); unless given, all others that the evaluation measures,
    and the loss only where all variants minimise the same one."""
    across_numerics: bool = False
    """Allow variants that compute with other `numerics` than the baseline: their differences may be due to
    the arithmetic alone. The report says so at its top."""
