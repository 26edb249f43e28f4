"""Where two results of one recipe part: the first difference, as near to its cause as their files tell.

For runs: the epoch and step of `trace.jsonl`, and the tensors that differ after that epoch; then the row of
`history.json`; then the files that the receipt names, the first that differs and what in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from assay.finished import read_receipt
from assay.recipe import from_yaml
from assay.replay.filediff import SHOWN, difference, different, named
from assay.store import RECEIPT, RECIPE
from assay.words import counted

TRACE, HISTORY = "trace.jsonl", "history.json"
_DIGITS = 8
"""Hex digits of a batch in a trace."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Parting:
    """The first difference of two results."""

    text: str
    """What differs: `epoch 1, step 4: …`."""
    file: str
    epoch: int | None = None
    step: int | None = None
    """From 1; None if the difference is not one of the epoch's steps."""
    tensors: tuple[str, ...] = ()
    """Those that differ after the epoch."""


def are_equal(before: Path, again: Path) -> bool:
    """Whether two finished results have the same bits: their receipts are equal but for the address.

    Raises:
        UserError: a receipt is damaged.
    """
    then, now = read_receipt(before), read_receipt(again)
    return all(name == "address" for name in different(then, now))


def parting(before: Path, again: Path) -> Parting | None:
    """The first difference of two finished results, None if they have the same bits.

    Raises:
        UserError: a receipt is damaged.
    """
    then, now = read_receipt(before), read_receipt(again)
    names = different(then["digests"], now["digests"])
    if names:
        return _files_part(before, again, sorted(names, key=lambda n: (n != TRACE, n != HISTORY, n))[0])
    facts = [name for name in different(then, now) if name != "address"]
    return Parting(f"{RECEIPT}: {_told(facts[0], then, now)}", RECEIPT) if facts else None


def _files_part(before: Path, again: Path, name: str) -> Parting:
    """What differs in a file of two results whose digests differ."""
    if not (again / name).exists():
        return Parting(f"{name}: is not made any more", name)
    if not (before / name).exists():
        return Parting(f"{name}: was not made before", name)
    found = None
    if name == TRACE:
        found = traces_part(read_trace(before / name), read_trace(again / name), _accumulated(before))
    elif name == HISTORY:
        found = histories_part(_json(before / name), _json(again / name))
    return found or Parting(f"{name}: {difference(before / name, again / name)}", name)


def beginnings_part(before: Path, state: Mapping[str, Any]) -> Parting | None:
    """The first difference between a finished run and the saved state of one that stopped after some epochs.

    Args:
        before: folder of the finished run.
        state: what `resume.pt` of the other one holds, saved after an epoch.
    """
    rows, history = state["trace"], state["state"]["history"]["history"]
    then = _json(before / HISTORY)["history"]
    digests = read_receipt(before)["digests"]
    other = [name for name, digest in state["kept"].items() if digests.get(name) != digest]
    return (
        traces_part(read_trace(before / TRACE)[: len(rows)], rows, _accumulated(before))
        or histories_part({"history": then[: len(history)]}, {"history": history})
        or (Parting(f"{other[0]}: other bits", other[0]) if other else None)
    )


def read_trace(path: Path) -> list[dict[str, Any]]:
    """The rows of a `trace.jsonl`."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def row_digests(rows: Iterable[Row]) -> list[str]:
    """SHA-256 of each row, as a line of JSON."""
    return [hashlib.sha256(f"{json.dumps(row)}\n".encode()).hexdigest() for row in rows]


def traces_part(before: Sequence[Row], again: Sequence[Row], accumulated: int = 1) -> Parting | None:
    """The first difference of two traces.

    Args:
        before: the rows of one.
        again: the rows of the other.
        accumulated: batches a step.
    """
    for then, now in zip(before, again, strict=False):
        if then != now:
            return _rows_part(then, now, accumulated)
    return _lengths_part(before, again, TRACE)


def histories_part(before: Mapping[str, Any], again: Mapping[str, Any]) -> Parting | None:
    """The first difference of two histories."""
    for then, now in zip(before["history"], again["history"], strict=False):
        if names := different(then, now):
            told = ", ".join(_told(name, then, now) for name in names[:SHOWN])
            return Parting(f"epoch {now['epoch']}: {told}", HISTORY, now["epoch"])
    if found := _lengths_part(before["history"], again["history"], HISTORY):
        return found
    names = [name for name in different(before, again) if name != "history"]
    return Parting(f"{HISTORY}: {_told(names[0], before, again)}", HISTORY) if names else None


def _rows_part(then: Row, now: Row, accumulated: int) -> Parting:
    """What differs in an epoch of two traces."""
    epoch = now["epoch"]
    batches = zip_longest(_steps(then), _steps(now))
    batch = next((index for index, (one, other) in enumerate(batches) if one != other), None)
    tensors = tuple(different(then["tensors"], now["tensors"]))
    optimizers = [repr(name) for name in different(then["optimizers"], now["optimizers"])]
    after = [named(tensors, "tensor")] if tensors else []
    after += [f"the state of {named(optimizers, 'optimizer')}"] if optimizers else []
    after += ["the state of the random numbers"] if then["streams"] != now["streams"] else []
    differing = f"different after the epoch: {'; '.join(after) or 'nothing'}"
    if batch is None:
        text = f"epoch {epoch}, after its last step: the losses of all its steps are equal; {differing}"
        return Parting(text, TRACE, epoch, None, tensors)
    step = batch // accumulated + 1
    where = f"epoch {epoch}, step {step}" + (f" (batch {batch + 1})" if accumulated > 1 else "")
    return Parting(f"{where}: the loss or a metric of the batch; {differing}", TRACE, epoch, step, tensors)


def _lengths_part(before: Sequence[Row], again: Sequence[Row], file: str) -> Parting | None:
    if len(before) == len(again):
        return None
    epoch = min(len(before), len(again)) + 1
    told = f"the run has {counted(len(again), 'epoch')}, not {len(before)}"
    return Parting(f"epoch {epoch}: {told}; those before are equal", file, epoch)


def _steps(row: Row) -> list[str]:
    text = row["steps"]
    return [text[start : start + _DIGITS] for start in range(0, len(text), _DIGITS)]


def _accumulated(run: Path) -> int:
    """Batches a step of a run, from its recipe."""
    return int(from_yaml(run / RECIPE).settings.training.accumulate)


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _told(name: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """`accuracy is 0.5, not 0.25`."""
    values = [repr(values[name]) if name in values else "missing" for values in (now, then)]
    return f"{name} is {values[0]}, not {values[1]}"
