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


def from_labels(
    inputs: np.ndarray, labels: np.ndarray, where: str, groups: np.ndarray | None = None
) -> Samples:
    """Samples whose classes are the distinct labels, in sorted order.

    Raises:
        UserError: lengths differ, a value is missing, or the labels are not classes.
    """
    if len(inputs) != len(labels):
        raise UserError(f"{where}: {len(inputs)} inputs but {len(labels)} targets")
    if labels.ndim != 1:
        raise UserError(f"{where}: targets must have one dimension, not shape {labels.shape}")
    if labels.dtype.kind == "f" and not np.all(labels == np.floor(labels)):
        raise UserError(f"{where}: targets are measurements, not classes (classification needs classes)")
    if labels.dtype.kind == "f":
        labels = labels.astype(np.int64)
    names, targets = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise UserError(f"{where}: targets hold {len(names)} class; two are needed")
    if not np.issubdtype(inputs.dtype, np.number) and inputs.dtype != np.bool_:
        raise UserError(f"{where}: inputs are not numbers but {inputs.dtype}")
    if bad := np.flatnonzero(~np.isfinite(inputs.reshape(len(inputs), -1)).all(axis=1)).tolist():
        raise UserError(
            f"{where}: {len(bad)} samples have missing or infinite values, the first is number {bad[0]}"
        )
    return Samples(inputs, targets.astype(np.int64), [str(name) for name in names], groups)
