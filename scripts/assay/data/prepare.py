"""The prepare stage: read a data set, split it, scale it, write it as arrays.

inputs.npy    float32, (samples, …): scaled
targets.npy   classes: int64, (samples,), their indices;
              values: float32, (samples,) or (samples, outputs), as measured
train.npy, validation.npy, test.npy   int64: sample indices of each part
meta.json     shapes; classes and their counts; or names of outputs, mean and scale of each
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from assay import construct, streams
from assay.data.prepared import Prepared
from assay.data.samples import Samples, require_usable
from assay.data.split import split
from assay.digest import array_digest, file_digest
from assay.errors import UserError
from assay.jsonfile import to_json
from assay.receipt import write_receipt
from assay.recipe import Recipe
from assay.settings.stages import PrepareSettings
from assay.store import write_atomically

DRAWING_NOTHING = ("breast_cancer", "csv", "diabetes", "digits", "npz", "parquet")
"""Data sets that draw no random numbers: for them no generator is started, which takes an import of torch."""


def prepare(settings: PrepareSettings, seed: int | None, data: Path) -> Prepared:
    """Prepared data in memory.

    Args:
        settings: the recipe's settings.
        seed: the run's seed, where each run splits anew.
        data: the folder that paths of data files start from.

    Raises:
        UserError: a data file changed since the recipe was planned, or the data are not usable.
    """
    source = settings.data.source
    given = source.settings
    for name, digest in settings.files.items():
        path = data / given[name]
        if not path.is_file() or file_digest(path) != digest:
            raise UserError(f"{path}: is not the file this recipe was planned with. Run the workflow again")
        given[name] = str(path)
    if source.name not in DRAWING_NOTHING:
        streams.start(0, "data")
    samples: Samples = construct.load("datasets", source.name)(**given)
    require_usable(samples, f"data set {source.name}")
    chosen = settings.data.split.seed
    if chosen == "run":
        if seed is None:
            raise UserError("--split: must be seed-N, because data.split.seed is `run`")
        chosen = seed
    parts = split(samples, settings.data.split, chosen)
    inputs = standardize(samples.inputs, parts["train"]) if settings.data.standardize else samples.inputs
    inputs = np.ascontiguousarray(inputs, dtype=np.float32)
    meta: dict[str, Any] = {
        "source": source.name,
        "samples": {name: len(indices) for name, indices in parts.items()},
        "input_shape": list(inputs.shape[1:]),
        "targets": samples.kind,
        "classes": list(samples.classes),
    }
    if samples.kind == "classes":
        targets = samples.targets.astype(np.int64)
        meta["class_counts"] = _class_counts(samples, parts)
    else:
        targets = np.ascontiguousarray(samples.targets, dtype=np.float32)
        columns = targets.reshape(len(targets), len(samples.outputs))
        mean, scale = _mean_and_scale(columns.astype(np.float64)[parts["train"]], (0,))
        meta["outputs"] = list(samples.outputs)
        meta |= {"target_mean": mean[0].tolist(), "target_scale": scale[0].tolist()}
    return Prepared(inputs, targets, parts, meta)


def _class_counts(samples: Samples, parts: Mapping[str, np.ndarray]) -> dict[str, list[int]]:
    """Part → number of samples of each class.

    Raises:
        UserError: a class does not stand in the training part.
    """
    counts = {
        name: np.bincount(samples.targets[indices], minlength=len(samples.classes)).tolist()
        for name, indices in parts.items()
    }
    if 0 in counts["train"]:
        lacking = samples.classes[counts["train"].index(0)]
        raise UserError(f"data.split: no training sample is of class {lacking!r}")
    return counts


def standardize(inputs: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Shift and scale every feature (axis 1) to mean 0 and standard deviation 1 on the training part.

    Args:
        inputs: numbers, (samples, features) or (samples, channels, …).
        train: indices of the training part, the only samples that are measured.

    Returns:
        float64, the same shape. A feature that is constant becomes 0.
    """
    values = inputs.astype(np.float64)
    axes = tuple(axis for axis in range(values.ndim) if axis != 1)
    mean, scale = _mean_and_scale(values[train], axes)
    scaled: np.ndarray = (values - mean) / scale
    return scaled


def _mean_and_scale(measured: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the axes, which stay with length 1; scale 1 of what is constant."""
    mean = measured.mean(axis=axes, keepdims=True)
    scale = measured.std(axis=axes, keepdims=True)
    # The last bits of a sum depend on the length of the CPU's vectors: they are rounded away, except
    # from sums that lie within them of a rounding edge.
    mean, scale = _rounded(mean), _rounded(scale)
    scale[scale <= 1e-12 * np.abs(mean)] = 1
    return mean, scale


def _rounded(values: np.ndarray) -> np.ndarray:
    """Float64 values with the last 12 of their 52 bits of fraction rounded away."""
    fraction, exponent = np.frexp(values)
    rounded: np.ndarray = np.ldexp(np.round(fraction * 2.0**40) / 2.0**40, exponent)
    return rounded


def write(prepared: Prepared, folder: Path, recipe: Recipe) -> None:
    """Write prepared data and its receipt."""
    digests = {}
    arrays = {"inputs": prepared.inputs, "targets": prepared.targets, **prepared.parts}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        write_atomically(folder / f"{name}.npy", buffer.getvalue())
        digests[f"{name}.npy"] = array_digest(array)
    write_atomically(folder / "meta.json", to_json(prepared.meta))
    digests["meta.json"] = file_digest(folder / "meta.json")
    write_receipt(folder, recipe, digests)
