"""Variants whose runs read those of others, as a student its teacher's: who reads whom, in what order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from assay import components
from assay.errors import choose
from assay.settings.base import Location

if TYPE_CHECKING:
    from assay.study.load import Variant


def in_order(variants: Sequence[Variant]) -> list[Variant]:
    """The variants, each after those whose runs its own read; they must have no problems."""
    named = {variant.name: variant for variant in variants}
    return [named[name] for name in _sorter(variants).static_order()]


def reading_problems(variants: Sequence[Variant]) -> Iterator[tuple[Variant, Location, str]]:
    """(variant, location, text) where a setting names no other variant, or a circle of them."""
    names = [variant.name for variant in variants]
    wrong = False
    for variant in variants:
        for setting, other in variant.settings.task.variants().items():
            if other not in names or other == variant.name:
                wrong = True
                others = [name for name in names if name != variant.name]
                yield variant, ("task", setting), f"{other!r} is no other variant; {choose(other, others)}"
                continue
            teacher = next(item for item in variants if item.name == other).settings
            if components.define("tasks", teacher.task.name).literals.get("targets") != "classes":
                wrong = True
                yield (
                    variant,
                    ("task", setting),
                    f"{other!r} does not classify ({teacher.task.name})",
                )
            elif not teacher.training.save_artifacts:
                wrong = True
                yield variant, ("task", setting), f"{other!r} keeps no checkpoint (training.save_artifacts)"
    if wrong:
        return
    try:
        _sorter(variants).prepare()
    except CycleError as error:
        circle = error.args[1]
        first = next(variant for variant in variants if variant.name == circle[0])
        setting = next(name for name, other in first.settings.task.variants().items() if other in circle)
        yield first, ("task", setting), f"variants read each other's runs: {' ← '.join(circle)}"


def _sorter(variants: Sequence[Variant]) -> TopologicalSorter[str]:
    return TopologicalSorter({v.name: [*v.settings.task.variants().values()] for v in variants})
