"""What is measured of a trained run."""

from __future__ import annotations

from typing import Literal

from assay.settings.base import Settings


class EvaluationSettings(Settings):
    """The evaluate stage. Changing it trains nothing."""

    enabled: bool = True
    """Evaluate runs. With `false`, comparisons use the validation metrics of the best epoch."""
    checkpoint: Literal["best", "last"] = "best"
    """Which weights are evaluated."""
    split: Literal["test", "validation", "train"] = "test"
    """The part of the data they are evaluated on."""
    predictions: bool = True
    """Keep every sample's prediction (and class probabilities) in `predictions.csv`."""
