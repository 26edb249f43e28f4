"""What the library remembers of files, forgotten: tests write them anew."""

from __future__ import annotations

from assay import closure, components, modules
from assay.settings import component


def forget() -> None:
    """Clear every cache that holds something read from a module's file."""
    for module in (closure, components, component, modules):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
