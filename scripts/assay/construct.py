"""Components made: imported where their definition says, called with their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.components import GROUPS, define
from assay.modules import import_module


def load(group: str, name: str) -> Any:
    """Import a component and return its class or function.

    Args:
        group: a key of GROUPS.
        name: a short name, or `package.module:Name`.
    """
    definition = define(group, name)
    return getattr(import_module(definition.module), definition.attribute)


def make(group: str, value: str | Mapping[str, Any], *arguments: Any) -> Any:
    """Make a component that is a setting of another one.

    Args:
        group: a key of GROUPS.
        value: its name, or a mapping of its `name` and settings.
        arguments: what the component takes beside its settings.
    """
    settings = {"name": value} if isinstance(value, str) else dict(value)
    name = settings.pop("name")
    try:
        return load(group, name)(*arguments, **settings)
    except ValueError as error:
        raise ValueError(f"{GROUPS[group]} {name}: {error}") from error
