"""What is said to a user when something is wrong: one exception, one form of message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class UserError(Exception):
    """Something the user can put right. Its text is shown as it is, without a traceback."""


class Interrupted(Exception):
    """A run was asked to leave; it has saved its state and can be continued."""


class SettingError(UserError):
    """Something wrong with one setting, by its (dotted) key."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}")
        self.key, self.text = key, text


@dataclass(frozen=True)
class Problem:
    """One thing wrong at one place: `where: key: text`."""

    where: str
    key: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.text) if part)


def fail(problems: Iterable[Problem]) -> None:
    """Raise one UserError naming every problem once, a line each; do nothing if there are none."""
    lines = list(dict.fromkeys(str(problem) for problem in problems))
    if lines:
        raise UserError("\n".join(lines))


def choose(value: object, choices: Iterable[str], noun: str = "choice") -> str:
    """Words that lead from a wrong name to a right one: the nearest first, then all of them."""
    names = sorted(choices)
    if not names:
        return f"there is no valid {noun} here"
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}valid: {', '.join(names)}"
