"""What the comparisons of a study must satisfy: they name what is there, and fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.errors import choose
from assay.settings.base import Location
from assay.settings.comparisons import contradictions

if TYPE_CHECKING:
    from assay.study.load import Study


def comparison_problems(study: Study, measured: dict[str, str]) -> Iterator[tuple[Location, str]]:
    """(key within `comparisons`, text) of what is wrong.

    Args:
        study: whose variants are valid.
        measured: the metrics that every variant has: name → `minimize` or `maximize`.
    """
    names, given = [variant.name for variant in study.variants], study.settings.comparisons
    if given.baseline is not None and given.baseline not in names:
        yield ("baseline",), f"{given.baseline!r} is not a variant; {choose(given.baseline, names)}"
    for index, name in enumerate(given.exclude):
        if name not in names:
            yield ("exclude", index), f"{name!r} is not a variant; {choose(name, names)}"
    if set(names) <= set(given.exclude):
        yield ("exclude",), "names every variant: none is left to compare"
    for index, metric in enumerate(given.secondary or []):
        if metric == given.metric:
            yield ("secondary", index), f"{metric!r} is the metric that decides"
        elif metric not in measured:
            yield ("secondary", index), f"{metric!r} is not measured; {choose(metric, measured)}"
    seeds = study.settings.seeds
    number = seeds if isinstance(seeds, int) else len(seeds)
    if given.looks and number not in given.looks:
        yield ("looks",), f"{given.looks} does not hold {number}, the study's number of seeds"
    splits = [
        v for v in study.variants if v.name not in given.exclude and v.settings.data.split.seed == "run"
    ]
    if given.adjustment == "max_t" and splits:
        yield (
            ("adjustment",),
            f"max_t needs independent pairs, but each seed of {splits[0].name!r} splits the data",
        )
    yield from contradictions(given)
