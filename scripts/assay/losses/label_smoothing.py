"""Cross-entropy against smoothed targets: a little of each target is spread over all classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from assay.losses.cross_entropy import CrossEntropy


class LabelSmoothing(CrossEntropy):
    """Cross-entropy against (1 - smoothing) of the target and smoothing / classes everywhere.

    Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision", section 7. The same as
    `cross_entropy` with `label_smoothing`.

    Args:
        smoothing: share of the target that is spread over all classes, the target's own among them.
        class_weights: one positive weight a class, as in `cross_entropy`.

    Raises:
        ValueError: a setting is out of its range.
    """

    kind: ClassVar[str] = "classes"

    def __init__(self, *, smoothing: float = 0.1, class_weights: Sequence[float] | None = None) -> None:
        if not 0 <= smoothing <= 1:
            raise ValueError(f"smoothing must be from 0 to 1, not {smoothing}")
        super().__init__(label_smoothing=smoothing, class_weights=class_weights)
