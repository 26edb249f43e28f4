"""What a data set gives: samples as arrays, before anything is split or scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assay.errors import UserError

InputFile = str
"""Type of a data set's setting that names a file: it must exist, and its content is part of the address."""

Targets = Literal["classes", "values"]
"""What targets are: one class a sample, or measured numbers."""


@dataclass(frozen=True)
class Samples:
    """Samples and what is to be predicted of them: `classes` or `outputs` are named, never both."""

    inputs: np.ndarray
    """Shape (samples, features) for tables, (samples, channels, length) for signals, (samples, channels,
    height, width) for images; numbers."""
    targets: np.ndarray
    """Class indices from 0, (samples,); or values, (samples,) or (samples, outputs)."""
    classes: Sequence[str] = ()
    """Name of each class index; empty where targets are values."""
    groups: np.ndarray | None = None
    """Shape (samples,): what must not be divided between the parts, such as a patient; or None."""
    outputs: Sequence[str] = ()
    """Name of each target column; empty where targets are classes."""

    @property
    def kind(self) -> Targets:
        """What the targets are."""
        return "values" if self.outputs else "classes"


def require_usable(samples: Samples, where: str) -> None:
    """Refuse samples that no run can learn from, whatever data set they come from.

    Raises:
        UserError: shapes or lengths differ, a value is missing or infinite, targets are neither classes
            nor values, or float32 cannot hold them.
    """
    inputs, targets, count = samples.inputs, samples.targets, len(samples.inputs)
    if inputs.ndim not in (2, 3, 4) or 0 in inputs.shape:
        raise UserError(
            f"{where}: inputs have the shape {inputs.shape}; tables are (samples, features), signals "
            "(samples, channels, length), images (samples, channels, height, width), "
            "with at least one of each"
        )
    if inputs.dtype.kind not in "biuf":
        raise UserError(f"{where}: inputs are not numbers but {inputs.dtype}")
    if bool(samples.classes) == bool(samples.outputs):
        named = "names both classes and outputs" if samples.classes else "names neither classes nor outputs"
        raise UserError(
            f"{where}: {named}; targets are classes, each with a name, or columns of values, each with a name"
        )
    if samples.kind == "classes" and targets.ndim != 1:
        raise UserError(f"{where}: targets must have one dimension, not shape {targets.shape}")
    if targets.ndim not in (1, 2):
        raise UserError(
            f"{where}: targets have the shape {targets.shape}; values are (samples,) or (samples, outputs)"
        )
    if len(targets) != count:
        raise UserError(f"{where}: {count} inputs but {len(targets)} targets")
    if samples.groups is not None and samples.groups.shape != (count,):
        raise UserError(f"{where}: {count} inputs but groups of shape {samples.groups.shape}")
    if samples.kind == "classes":
        _require_classes(samples, where)
    else:
        _require_values(samples, where)
    _require_finite(inputs, where, "values")


def _require_classes(samples: Samples, where: str) -> None:
    targets, classes = samples.targets, samples.classes
    if len(classes) < 2:
        raise UserError(f"{where}: targets hold {len(classes)} class; two are needed")
    if targets.dtype.kind not in "iu" or targets.min() < 0 or targets.max() >= len(classes):
        raise UserError(f"{where}: targets must be class indices from 0 to {len(classes) - 1}")


def _require_values(samples: Samples, where: str) -> None:
    targets, names = samples.targets, list(samples.outputs)
    columns = 1 if targets.ndim == 1 else targets.shape[1]
    if len(names) != columns or len(set(names)) < columns:
        raise UserError(
            f"{where}: targets have {columns} columns and the names {', '.join(names)}; each needs its own"
        )
    if targets.dtype.kind not in "iuf":
        raise UserError(f"{where}: targets are not numbers but {targets.dtype}")
    _require_finite(targets, where, "targets")
    exact = targets.reshape(len(targets), columns).astype(np.float64)
    lost = np.abs(exact.astype(np.float32) - exact).max(axis=0)
    for name, mean, deviation, error in zip(names, exact.mean(0), exact.std(0), lost, strict=True):
        varies = deviation > 1e-12 * abs(mean)  # less is the rounding of a constant's mean
        if varies and error > 1e-3 * deviation:
            raise UserError(
                f"{where}: target {name!r} has the mean {mean:g} and the standard deviation {deviation:g}; "
                "float32 cannot tell such values apart. Subtract a constant from them"
            )


def _require_finite(values: np.ndarray, where: str, noun: str) -> None:
    """Refuse values that are not finite as float32."""
    with np.errstate(over="ignore"):
        finite = np.isfinite(values.astype(np.float32).reshape(len(values), -1)).all(axis=1)
    if bad := np.flatnonzero(~finite).tolist():
        raise UserError(
            f"{where}: {len(bad)} samples have {noun} that are missing, infinite or too large for float32; "
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
            raise UserError(
                f"{where}: targets are measurements, not classes; to predict them (task: regression), "
                "set `targets: values` in data.source"
            )
        labels = labels.astype(np.int64)
    names, targets = np.unique(labels, return_inverse=True)
    samples = Samples(inputs, targets.reshape(labels.shape).astype(np.int64), [str(n) for n in names], groups)
    require_usable(samples, where)
    return samples


def from_values(
    inputs: np.ndarray,
    values: np.ndarray,
    outputs: Sequence[str],
    where: str,
    groups: np.ndarray | None = None,
) -> Samples:
    """Samples whose targets are measured numbers.

    Args:
        values: (samples,) or (samples, outputs).
        outputs: name of each column of `values`; of a single one if it has one dimension.
        where: what messages call the source.

    Raises:
        UserError: the values are not usable.
    """
    samples = Samples(inputs, values, (), groups, list(outputs))
    require_usable(samples, where)
    return samples
