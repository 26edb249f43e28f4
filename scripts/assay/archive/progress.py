"""How far a long piece of work is, in words for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Shows a line, or does not if it showed one a moment ago."""


def shares(tell: Tell, what: str, total: int) -> Callable[[int], None]:
    """A function to be told of every part of a work that is done; it tells `what: 42 %`.

    Args:
        tell: shows it.
        what: the work, in a word.
        total: its size, in any unit.
    """
    done = 0

    def advance(amount: int) -> None:
        nonlocal done
        done += amount
        if total:
            tell(f"{what}: {done / total:.0%}")

    return advance
