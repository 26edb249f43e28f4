"""Changes to settings: dotted keys, merging, and the text form `a.b=1 c.d=[64,64]`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any

from assay.errors import SettingError, UserError
from assay.yamlfile import parse


class Whole(dict[str, Any]):
    """A preset, with what is laid over it: it replaces what it is merged over instead of mixing with it.

    Args:
        content: the settings.
        path: the preset's file.
        preset_keys: the keys that are as the file has them.
    """

    def __init__(self, content: Mapping[str, Any], path: str, preset_keys: Collection[str]) -> None:
        super().__init__(content)
        self.path, self.preset_keys = path, preset_keys


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as nested mappings, at any depth: `{"a.b": 1}` → `{"a": {"b": 1}}`.

    Raises:
        SettingError: two keys set the same thing.
    """
    result: dict[str, Any] = {}
    for key, value in flat.items():
        head, _, rest = str(key).partition(".")
        inner = {rest: value} if rest else value
        inner = nested(inner) if isinstance(inner, Mapping) else inner
        result[head] = _joined(result[head], inner, str(key)) if head in result else inner
    return result


def _joined(first: Any, second: Any, key: str) -> dict[str, Any]:
    """Two mappings that say different things as one; a text beside a mapping names a component."""
    if isinstance(first, str) and isinstance(second, dict):
        first = {"name": first}
    if isinstance(second, str) and isinstance(first, dict):
        second = {"name": second}
    if not (isinstance(first, dict) and isinstance(second, dict)):
        raise SettingError(key, "is set twice")
    both = first.keys() & second.keys()
    return first | second | {name: _joined(first[name], second[name], key) for name in sorted(both)}


def merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with nested `change` laid over it.

    Mappings merge key by key; anything else replaces. Naming another component starts its settings
    afresh, because those of the old one would not fit it.
    """
    result = dict(base)
    for key, value in change.items():
        old = result.get(key)
        if isinstance(value, Mapping) and isinstance(old, str):
            old = {"name": old}
        if isinstance(value, Whole):
            result[key] = dict(value)
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            renamed = "name" in value and value["name"] != old.get("name")
            result[key] = merge({} if renamed else old, value)
        elif isinstance(value, str) and isinstance(old, Mapping) and old.get("name") == value:
            continue
        else:
            result[key] = value
    return result


def parse_assignments(text: str) -> dict[str, Any]:
    """`"training.epochs=5 model.widths=[64,64]"` as a flat mapping; values are YAML.

    Raises:
        UserError: a part is not `key=value`, or a key stands twice.
    """
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise SettingError("set", f"{text!r}: {error}") from error
    found: dict[str, Any] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not (key and equals):
            raise SettingError("set", f"{part!r} is not key=value (quote a value that has spaces)")
        if key in found:
            raise SettingError("set", f"{key} is set twice")
        try:
            found[key] = parse(value)
        except UserError as error:
            hint = " (quote a value that has spaces)" if "not valid YAML" in str(error) else ""
            raise SettingError("set", f"{key}={value}: {_reason(error)}{hint}") from error
    return found


def _reason(error: UserError) -> str:
    """What is wrong with a piece of YAML, without the place, which is one line."""
    return re.sub(r"^text(:\d+)?: ", "", str(error))


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as dotted keys, for showing what a variant changes."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{name}.")
        else:
            found[name] = value
    return found
