"""What of a study each stage's recipe holds: a stage knows its own settings and nothing else."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from assay.settings.base import Settings
from assay.settings.comparisons import Alpha, StatisticsSettings
from assay.settings.component import Loss, Model, Task
from assay.settings.data import DataSettings
from assay.settings.evaluation import EvaluationSettings
from assay.settings.training import NumericsSettings, TrainingSettings


class PrepareSettings(Settings):
    """Samples, split, scaled, written as arrays."""

    data: DataSettings
    """Source, split, standardisation."""
    files: dict[str, str] = {}
    """SHA-256 of each data file, by the setting that names it. A path enters no address, this does."""


class TrainSettings(Settings):
    """One model trained on one prepared data set."""

    task: Task
    """What a batch means."""
    model: Model
    """What is trained."""
    loss: Loss
    """What training minimises."""
    training: TrainingSettings
    """The loop."""
    numerics: NumericsSettings
    """The arithmetic."""

    @property
    def of_process(self) -> tuple[NumericsSettings, int]:
        """What the processes of one job have in common."""
        return self.numerics, self.training.processes


class EvaluateSettings(Settings):
    """One trained run, measured."""

    evaluation: EvaluationSettings
    """Which weights, on which part."""


class AggregateVariantSettings(Settings):
    """All runs of one variant in one table."""

    seeds: list[int]
    """The runs that are read."""
    missing: dict[str, str] = {}
    """Seed → why there is no run (a partial report only)."""


class AggregateStudySettings(Settings):
    """All variants of a study in one table."""

    variants: list[str]
    """Names, in the study's order."""


class CompareSettings(StatisticsSettings):
    """The tests to make on a table of runs."""

    baseline: str
    """The variant that the others are compared with."""
    metric: str
    """The metric that decides."""
    alpha: Alpha
    """Family-wise error rate."""
    higher_is_better: bool
    """Which way it is better."""
    secondary: dict[str, bool] = {}
    """Other metrics to compare, and whether higher is better."""
    resampling: Annotated[float, Field(ge=0)] = 0.0
    """Where each seed splits the data anew: test samples for each training sample; else 0."""
    earlier: list[int] = []
    """Numbers of seeds at which these comparisons were looked at before."""


class ReportSettings(Settings):
    """What the report says beyond the numbers."""

    study: str
    """The study's name."""
    question: str = ""
    """Its question."""
    notes: str = ""
    """Its notes."""
    overrides: dict[str, dict[str, object]] = {}
    """Variant → what it changes, dotted keys."""
    smoke: bool = False
    """Whether this was a quick try."""
    partial: bool = False
    """Whether runs that did not exist were left out."""


STAGES: dict[str, type[Settings]] = {
    "prepare": PrepareSettings,
    "train": TrainSettings,
    "evaluate": EvaluateSettings,
    "aggregate/variant": AggregateVariantSettings,
    "aggregate/study": AggregateStudySettings,
    "compare": CompareSettings,
    "report": ReportSettings,
}
"""Each stage's settings, by its folder in the store."""
