"""The prepare stage: read a data set, split it, scale it, write it as arrays.

inputs.npy    float32, (samples, …): scaled
targets.npy   int64, (samples,): class indices
train.npy, validation.npy, test.npy   int64: sample indices of each part
meta.json     shapes, classes, counts
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from assay import components
from assay.data.prepared import Prepared
from assay.data.samples import Samples
from assay.data.split import split
from assay.digest import array_digest, file_digest
from assay.errors import UserError
from assay.receipt import to_json, write_receipt
from assay.settings.stages import PrepareSettings
from assay.store import write_atomically


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
    samples: Samples = components.load("datasets", source.name)(**given)
    chosen = settings.data.split.seed
    if chosen == "run":
        if seed is None:
            raise UserError("--split: must be seed-N, because data.split.seed is `run`")
        chosen = seed
    parts = split(samples, settings.data.split, chosen)
    inputs = np.ascontiguousarray(samples.inputs, dtype=np.float32)
    if settings.data.standardize:
        inputs = standardize(inputs, parts["train"])
    meta = {
        "source": source.name,
        "samples": {name: len(indices) for name, indices in parts.items()},
        "input_shape": list(inputs.shape[1:]),
        "classes": list(samples.classes),
        "class_counts": {
            name: np.bincount(samples.targets[indices], minlength=len(samples.classes)).tolist()
            for name, indices in parts.items()
        },
    }
    return Prepared(inputs, samples.targets.astype(np.int64), parts, meta)


def standardize(inputs: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Shift and scale every feature (axis 1) to mean 0 and standard deviation 1 on the training part.

    Args:
        inputs: float32, (samples, features) or (samples, channels, height, width).
        train: indices of the training part, the only samples that are measured.

    Returns:
        float32, the same shape. A feature that is constant becomes 0.
    """
    axes = tuple(axis for axis in range(inputs.ndim) if axis != 1)
    measured = inputs[train].astype(np.float64)
    # Rounding to float32 hides the last bits of the sums, which depend on the CPU's vector length.
    mean = measured.mean(axis=axes, keepdims=True).astype(np.float32)
    scale = measured.std(axis=axes, keepdims=True).astype(np.float32)
    scale[scale == 0] = 1
    scaled: np.ndarray = (inputs - mean) / scale
    return scaled


def write(prepared: Prepared, folder: Path, address: str) -> None:
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
    write_receipt(folder, "prepare", address, digests)
