"""Which losses fit a task: those of its kind, and those that do not say what they are for."""

from __future__ import annotations

from assay import components
from assay.errors import choose


def misfit(task: str, kind: str, loss: str, found: str) -> str | None:
    """What is wrong with a loss of the kind `found` for a task of the kind `kind`, with those that fit."""
    if "any" in (kind, found) or found == kind:
        return None
    return f"task {task} needs a loss of {kind}, {loss} is one of {found}; {choose('', losses_of(kind))}"


def losses_of(kind: str) -> list[str]:
    """The short names of the losses of a kind."""
    names = components.names("losses")
    return [name for name in names if components.define("losses", name).literals.get("kind") == kind]
