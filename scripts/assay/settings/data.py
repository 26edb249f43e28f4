"""What is learned from, and how it is divided."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assay.settings.base import Settings, either
from assay.settings.component import Dataset

Fraction = Annotated[float, Field(gt=0, lt=1)]


class SplitSettings(Settings):
    """Which samples train, validate and test."""

    validation: Fraction = 0.15
    """Fraction of all samples that chooses the best epoch."""
    test: Fraction = 0.2
    """Fraction of all samples that is used once, by evaluate."""
    stratify: bool = True
    """Keep the classes' proportions in each part. Has no effect where the data set names groups, nor where
    targets are values."""
    seed: Annotated[int | Literal["run"], either("a whole number or `run`")] = 0
    """Seed of the split. A number gives every run the same split, so that a comparison shows training's
    noise alone; `run` splits anew with each run's own seed."""


class DataSettings(Settings):
    """The prepare stage."""

    source: Dataset = Dataset(name="digits")
    """Data set: a short name (with its settings: `{name: csv, path: …}`) or `package.module:Name`."""
    split: SplitSettings = SplitSettings()
    """Which samples train, validate and test."""
    standardize: bool = True
    """Give every feature (of a table) or channel (of an image) mean 0 and standard deviation 1, as
    measured on the training part."""
