"""Presets: a value `presets/<name>` of a key stands for the file `presets/<key>/<name>.yaml`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.errors import SettingError, UserError, choose
from assay.study.overrides import Whole, merge, nested
from assay.yamlfile import read

PREFIX = "presets/"


def read_preset(group: str, name: str, folders: Sequence[Path]) -> Whole:
    """The content of a preset, from the first folder that has it.

    Raises:
        UserError: no folder has it, or it is not a mapping.
    """
    for folder in folders:
        path = folder / group / f"{name}.yaml"
        if os.path.isfile(path):  # False, where Path.is_file raises, for a name that is too long
            content = read(path).content
            if not isinstance(content, dict):
                raise UserError(f"{path}: must be a mapping of settings")
            return Whole(nested(content), os.path.relpath(path), tuple(nested(content)))
    found = {p.stem for folder in folders for p in (folder / group).glob("*.yaml")}
    raise UserError(f"there is no preset {name!r} of {group}; {choose(name, found, 'preset')}")


def expand(
    settings: Mapping[str, Any], folders: Sequence[Path], above: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Settings with every preset, at any depth, replaced by its file's content.

    `model: presets/wide` takes the preset as it is; `model: {preset: wide, dropout: 0.1}` lays the
    other keys over it.

    Raises:
        SettingError: a preset is missing or not valid.
    """
    result: dict[str, Any] = {}
    for key, value in settings.items():
        at = (*above, str(key))
        try:
            if isinstance(value, str) and value.startswith(PREFIX):
                value = read_preset(key, value.removeprefix(PREFIX), folders)
            elif isinstance(value, Mapping):
                value = expand(value, folders, at)
                if "preset" in value:
                    preset = read_preset(key, str(value.pop("preset")), folders)
                    kept = [name for name in preset if name not in value]
                    value = Whole(merge(preset, value), preset.path, kept)
        except SettingError:
            raise
        except UserError as error:
            raise SettingError(".".join(at), str(error)) from error
        result[key] = value
    return result
