"""Arrays of the user's in an NPZ file: inputs of any shape, a target a sample."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from assay.data.samples import InputFile, Samples, Targets, from_labels, from_values
from assay.errors import SettingError, UserError, choose


def npz(
    *,
    path: InputFile,
    inputs: str = "inputs",
    target: str = "targets",
    targets: Literal["classes", "values"] = "classes",
    group: str | None = None,
) -> Samples:
    """Read the arrays.

    Args:
        path: the file, relative to the data folder.
        inputs: name of the array of samples: (samples, features), (samples, channels, length) or
            (samples, channels, height, width).
        target: name of the array of classes, (samples,); or of values, (samples,) or (samples, outputs).
        targets: what the target is: the class of each sample, or measured values (for regression).
        group: name of an array of what must not be divided between training and test.
    """
    check(path=path, inputs=inputs, target=target, targets=targets, group=group)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            groups = None if group is None else arrays[group].astype(str)
            if targets == "classes":
                return from_labels(arrays[inputs], arrays[target], path, groups)
            values = arrays[target]
            one = values.ndim < 2 or values.shape[1] == 1
            names = [target] if one else [str(column) for column in range(values.shape[1])]
            return from_values(arrays[inputs], values, names, path, groups)
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise UserError(f"{path}: holds Python objects, which are never loaded") from error
        raise UserError(f"{path}: is not a usable NPZ file: {error}") from error
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
        raise UserError(f"{path}: is damaged: {error}") from error


def check(*, path: str, inputs: str, target: str, targets: Targets, group: str | None) -> None:
    """Refuse a file without the arrays that are named."""
    try:
        with zipfile.ZipFile(path) as file:
            names = [name.removesuffix(".npy") for name in file.namelist()]
    except zipfile.BadZipFile as error:
        raise SettingError("path", f"{Path(path).name} is not an NPZ file") from error
    for setting, name in {"inputs": inputs, "target": target, "group": group}.items():
        if name is not None and name not in names:
            raise SettingError(setting, f"{Path(path).name} has no array {name!r}; {choose(name, names)}")
