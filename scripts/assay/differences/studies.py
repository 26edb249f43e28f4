"""Two studies compared: seeds, comparisons, question; their variants in pairs, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.differences.comparison import Comparer, Comparison
from assay.differences.named import of_variant
from assay.differences.settings import Value, differing
from assay.plan import StudyPlan


@dataclass(frozen=True)
class StudyComparison:
    """What two studies differ in."""

    settings: tuple[Value, ...]
    """Of the study as a whole."""
    only_old: tuple[str, ...]
    """Variants that only one has."""
    only_new: tuple[str, ...]
    variants: Mapping[str, Comparison]
    """Those that both have, by name."""

    def __bool__(self) -> bool:
        return bool(self.settings or self.only_old or self.only_new or any(self.variants.values()))

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "settings": [value.plain() for value in self.settings],
            "only_old": list(self.only_old),
            "only_new": list(self.only_new),
            "variants": {name: comparison.plain() for name, comparison in self.variants.items()},
        }


def compare_studies(old: StudyPlan, new: StudyPlan, comparer: Comparer) -> StudyComparison:
    """What two studies, as their files are now, differ in.

    Raises:
        UserError: a result is damaged.
    """
    one = {plan.variant.name: plan for plan in old.variants}
    other = {plan.variant.name: plan for plan in new.variants}
    store = comparer.recipes.store
    return StudyComparison(
        settings=tuple(differing(_settings(old), _settings(new))),
        only_old=tuple(name for name in one if name not in other),
        only_new=tuple(name for name in other if name not in one),
        variants={
            name: comparer.compare(
                of_variant(name, plan, old.study.seeds, store),
                of_variant(name, other[name], new.study.seeds, store),
            )
            for name, plan in one.items()
            if name in other
        },
    )


def _settings(plan: StudyPlan) -> dict[str, Any]:
    """What a study says beyond its variants."""
    compared = plan.compare.settings.model_dump(mode="json")
    return {
        "question": plan.report.settings.question,
        "notes": plan.report.settings.notes,
        "seeds": list(plan.study.seeds),
        "comparisons": compared,
    }
