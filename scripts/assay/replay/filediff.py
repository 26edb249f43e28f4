"""What differs first in two versions of a result's file, in words: a line, a value, a checkpoint's entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from assay.words import counted

SHOWN = 3
"""Names that are listed before `…`."""
AROUND = 30
"""Characters of a long line that are shown on each side of the first that differs."""


def difference(before: Path, again: Path) -> str:
    """The first difference of a file's content, as the end of a sentence that began with its name."""
    if before.suffix == ".pt":
        return _checkpoints(before, again)
    if before.suffix == ".npy":
        return _arrays(before, again)
    try:
        lines = [path.read_text(encoding="utf-8").splitlines() for path in (before, again)]
    except UnicodeDecodeError:
        return "other bytes"
    for number, (then, now) in enumerate(zip_longest(*lines), 1):
        if then != now:
            return f"line {number}: {_around(now, then)}, not {_around(then, now)}"
    return "other bytes"


def different(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The names whose values differ, or that only one has, in order."""
    missing = object()
    return [name for name in {**then, **now} if then.get(name, missing) != now.get(name, missing)]


def named(names: Sequence[str], noun: str) -> str:
    """`the tensor a`, `the tensors a, b`, `9 tensors (a, b, c, …)`."""
    if len(names) > SHOWN:
        return f"{counted(len(names), noun)} ({', '.join(names[:SHOWN])}, …)"
    return f"the {counted(len(names), noun).partition(' ')[2]} {', '.join(names)}"


def _checkpoints(before: Path, again: Path) -> str:
    from assay.training.checkpoint import load

    one, other = dict(_entries(load(before))), dict(_entries(load(again)))
    names = different(one, other)
    return f"other values of {named(names, 'entry')}" if names else "other bytes"


def _entries(state: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a checkpoint that its digest covers, by the way there; tensors by their digest."""
    import torch

    from assay.digest import tensors_digest
    from assay.training.checkpoint import NOT_BITS

    if isinstance(state, torch.Tensor):
        yield name, tensors_digest({"": state})
    elif isinstance(state, Mapping | list | tuple):
        items = state.items() if isinstance(state, Mapping) else enumerate(state)
        for key, value in items:
            if name or key not in NOT_BITS:
                yield from _entries(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, state


def _arrays(before: Path, again: Path) -> str:
    import numpy as np

    one, other = (np.load(path, allow_pickle=False) for path in (before, again))
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return f"{other.dtype} {other.shape}, not {one.dtype} {one.shape}"
    places = np.argwhere((one != other) & ((one == one) | (other == other)))
    if not len(places):
        return "other bytes"
    first = tuple(int(index) for index in places[0])
    at, values = ", ".join(map(str, first)), f"{other[first]}, not {one[first]}"
    return f"{len(places):,} of {counted(one.size, 'value')}, the first at [{at}]: {values}"


def _around(text: str | None, other: str | None) -> str:
    """A line, cut around the first character that differs from another's."""
    if text is None:
        return "the end of the file"
    same = next((i for i, (a, b) in enumerate(zip(text, other or "", strict=False)) if a != b), 0)
    start, end = max(0, same - AROUND), same + AROUND
    return f"`{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}`"
