"""A study file: one base, its variants, the seeds, the comparisons to make."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from assay.settings.base import Settings, either
from assay.settings.comparisons import ComparisonSettings
from assay.settings.resources import ResourceSettings

Seed = Annotated[int, Field(ge=0, lt=2**63)]


MAX_SEEDS = 10_000


class StudySettings(Settings):
    """One study."""

    question: str = ""
    """The question that the study answers: the title of its report."""
    notes: str = ""
    """Anything a reader of the report should know."""
    base: dict[str, Any] = {}
    """Settings that all variants share (see *Settings of a run* below)."""
    variants: dict[str, dict[str, Any] | None] = {}
    """Name → what it changes: nested keys or dotted ones (`training.learning_rate: 0.01`). A `grid`
    among them makes a variant of each combination of its values."""
    grid: dict[str, list[Any]] = {}
    """Dotted key → values: adds a variant for each combination."""
    seeds: Annotated[
        Annotated[int, Field(gt=0, le=MAX_SEEDS)] | Annotated[list[Seed], Field(min_length=1)],
        either(f"a number of seeds (1 to {MAX_SEEDS}) or a list of one or more seeds (from 0)"),
    ] = 5
    """How many seeds (0, 1, 2, …), or which. Every variant is trained with the same ones."""
    comparisons: ComparisonSettings = ComparisonSettings()
    """Which variants are compared, on what."""
    resources: ResourceSettings = ResourceSettings()
    """What jobs need of a cluster, where the estimates will not do (see *Your cluster* below)."""
