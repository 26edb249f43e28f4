"""What a data set gives: samples as arrays, before anything is split or scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.errors import UserError

InputFile = str
"""Type of a data set's setting that names a file: it must exist, and its content is part of the address."""


@dataclass(frozen=True)
class Samples:
    """Labelled samples of a classification problem."""

    inputs: np.ndarray
    """Shape (samples, features) for tables, (samples, channels, height, width) for images; numbers."""
    targets: np.ndarray
    """Shape (samples,): class indices from 0."""
    classes: Sequence[str]
    """Name of each class index."""
    groups: np.ndarray | None = None
    """Shape (samples,): what must not be divided between the parts, such as a patient; or None."""


def require_usable(samples: Samples, where: str) -> None:
    """Refuse samples that no run can learn from, whatever data set they come from.

    Raises:
        UserError: shapes or lengths differ, a value is missing or infinite, or targets are not classes.
    """
    inputs, targets, count = samples.inputs, samples.targets, len(samples.inputs)
    if inputs.ndim not in (2, 4) or 0 in inputs.shape:
        raise UserError(
            f"{where}: inputs have the shape {inputs.shape}; tables are (samples, features), "
            "images (samples, channels, height, width), with at least one of each"
        )
    if inputs.dtype.kind not in "biuf":
        raise UserError(f"{where}: inputs are not numbers but {inputs.dtype}")
    if targets.ndim != 1:
        raise UserError(f"{where}: targets must have one dimension, not shape {targets.shape}")
    if len(targets) != count:
        raise UserError(f"{where}: {count} inputs but {len(targets)} targets")
    if samples.groups is not None and samples.groups.shape != (count,):
        raise UserError(f"{where}: {count} inputs but groups of shape {samples.groups.shape}")
    if len(samples.classes) < 2:
        raise UserError(f"{where}: targets hold {len(samples.classes)} class; two are needed")
    if targets.dtype.kind not in "iu" or targets.min() < 0 or targets.max() >= len(samples.classes):
        raise UserError(f"{where}: targets must be class indices from 0 to {len(samples.classes) - 1}")
    with np.errstate(over="ignore"):
        finite = np.isfinite(inputs.astype(np.float32).reshape(count, -1)).all(axis=1)
    if bad := np.flatnonzero(~finite).tolist():
        raise UserError(
            f"{where}: {len(bad)} samples have values that are missing, infinite or too large for float32; "
            f"the first is sample {bad[0]}, counted from 0"
        )


def from_labels(
    inputs: np.ndarray, labels: np.ndarray, where: str, groups: np.ndarray | None = None
) -> Samples:
    """Samples whose classes are the distinct labels, in sorted order.

    Raises:
        UserError: the labels are not classes.
    """
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise UserError(f"{where}: targets have missing or infinite values")
        if not np.all(labels == np.floor(labels)):
            raise UserError(f"{where}: targets are measurements, not classes (classification needs classes)")
        labels = labels.astype(np.int64)
    names, targets = np.unique(labels, return_inverse=True)
    samples = Samples(inputs, targets.reshape(labels.shape).astype(np.int64), [str(n) for n in names], groups)
    require_usable(samples, where)
    return samples
