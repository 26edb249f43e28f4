"""Presets: a value `presets/<name>` of a key stands for the file `presets/<key>/<name>.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.errors import UserError, choose
from assay.study.overrides import Whole, merge, nested
from assay.yamlfile import read

PREFIX = "presets/"


def read_preset(group: str, name: str, folders: Sequence[Path]) -> dict[str, Any]:
    """The content of a preset, from the first folder that has it.

    Raises:
        UserError: no folder has it, or it is not a mapping.
    """
    for folder in folders:
        path = folder / group / f"{name}.yaml"
        if path.is_file():
            content = read(path).content
            if not isinstance(content, dict):
                raise UserError(f"{path}: must be a mapping of settings")
            return nested(content)
    found = {p.stem for folder in folders for p in (folder / group).glob("*.yaml")}
    raise UserError(f"there is no preset {name!r} of {group}; {choose(name, found, 'preset')}")


def expand(settings: Mapping[str, Any], folders: Sequence[Path]) -> dict[str, Any]:
    """Settings with every preset, at any depth, replaced by its file's content.

    `model: presets/wide` takes the preset as it is; `model: {preset: wide, dropout: 0.1}` lays the
    other keys over it.
    """
    result: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, str) and value.startswith(PREFIX):
            result[key] = Whole(read_preset(key, value.removeprefix(PREFIX), folders))
        elif isinstance(value, Mapping):
            over = expand(value, folders)
            if "preset" in over:
                preset = read_preset(key, str(over.pop("preset")), folders)
                over = Whole(merge(preset, over))
            result[key] = over
        else:
            result[key] = value
    return result
