"""The layers that a variant's settings are merged from, and where in which of them a key is written."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.errors import Problem
from assay.settings.base import Location, Settings
from assay.settings.component import Component
from assay.settings.variant import VariantSettings
from assay.study.overrides import Whole, merge
from assay.yamlfile import Document


@dataclass(frozen=True)
class Layer:
    """One source of settings."""

    where: Document | str
    """The file it is written in, or words for what is no file."""
    key: Location
    """The key that it stands under."""
    content: Mapping[str, Any]
    """Nested, presets expanded."""

    def depth(self, at: Location) -> int:
        """How much of a location this layer sets."""
        depth, content = 0, self.content
        for step in at:
            if not (isinstance(content, Mapping) and step in content):
                break
            depth, content = depth + 1, content[str(step)]
        return depth

    def problem(self, at: Location, text: str) -> Problem:
        """A problem at a location, named as the file writes it, with its line."""
        if isinstance(self.where, str):
            return Problem(self.where, ".".join(map(str, (*self.key, *at))), text)
        key = self._written(self.where, at)
        shown = ".".join(map(str, (*self.key, *at)))
        if preset := self._preset(at):
            text = f"{text} (from {preset})"
        return Problem(self.where.where(key), shown, text)

    def _written(self, document: Document, at: Location) -> Location:
        """The location as the file writes it, where dotted and nested keys may mix."""
        key, rest = self.key, at
        while rest:
            for length in range(len(rest), 0, -1):
                step = (*key, ".".join(map(str, rest[:length])))
                if step in document.lines:
                    key, rest = step, rest[length:]
                    break
            else:  # a dotted key that begins so, if there is one
                start = f"{rest[0]}."
                longer = [k for k in document.lines if k[:-1] == key and str(k[-1]).startswith(start)]
                return longer[0] if longer else key
        return key

    def _preset(self, at: Location) -> str:
        """The preset file that a location comes from, if it does."""
        content: Any = self.content
        for step in at:
            if isinstance(content, Whole) and step in content.preset_keys:
                return content.path
            content = content.get(step) if isinstance(content, Mapping) else None
        return ""


@dataclass(frozen=True)
class Layers:
    """All layers of one variant, the later ones over the earlier ones."""

    layers: Sequence[Layer]

    def merged(self) -> dict[str, Any]:
        """The settings that result; components a study need not name are named."""
        merged = default_components(VariantSettings)
        for layer in self.layers:
            merged = merge(merged, layer.content)
        return merged

    def problem(self, at: Location, text: str) -> Problem:
        """A problem at a location of the merged settings, where it was written last."""
        deepest = max(layer.depth(at) for layer in self.layers)
        writers = [layer for layer in self.layers if layer.depth(at) == deepest]
        return (writers[-1] if deepest else writers[0]).problem(at, text)


@functools.cache
def default_components(settings: type[Settings]) -> dict[str, Any]:
    """The components a study need not name, so that their settings can be given alone."""
    found: dict[str, Any] = {}
    for name, info in settings.model_fields.items():
        if isinstance(info.default, Component):
            found[name] = {"name": info.default.name}
        elif isinstance(info.default, Settings):
            found[name] = default_components(type(info.default))
    return {name: value for name, value in found.items() if value}
