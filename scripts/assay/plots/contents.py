"""Which figures there are: their names, their panels, and the columns that each panel shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST = 12
"""Panels on a sheet; what is more goes to another one."""
_PARTS = {"train": "training", "val": "validation"}


@dataclass(frozen=True)
class Panel:
    """One quantity: its name, and a column of the history for each part of the data it was measured on."""

    metric: str
    columns: Mapping[str, str]
    """`training`, `validation`, or nothing for what belongs to neither → column."""


@dataclass(frozen=True)
class Sheet:
    """One figure."""

    name: str
    """Of its file, without the ending."""
    panels: tuple[Panel, ...]


def sheets(
    rows: Sequence[Mapping[str, Any]],
    metrics: Iterable[str],
    families: Mapping[str, Iterable[str]],
    preset: str,
) -> Iterator[Sheet]:
    """The figures of a run, in order. What the history does not have is left out.

    Args:
        rows: of the history, one or more.
        metrics: of the task: what else was measured is a part of the loss. May be empty: not known.
        families: of the task.
        preset: `minimal`, `standard` or `full`.
    """
    taken: set[str] = set()
    for name, panels in _groups(measured(rows), frozenset(metrics), families, preset):
        for place in range(0, len(panels), MOST):
            yield Sheet(_file_name(name, taken), tuple(panels[place : place + MOST]))


def measured(rows: Iterable[Mapping[str, Any]]) -> dict[str, Panel]:
    """Metric → its columns, of every column of a history but the epoch."""
    found: dict[str, dict[str, str]] = {}
    for column in dict.fromkeys(name for row in rows for name in row if name != "epoch"):
        prefix, _, metric = column.partition("_")
        if prefix in _PARTS and metric:
            found.setdefault(metric, {})[_PARTS[prefix]] = column
        else:
            found.setdefault(column, {})[""] = column
    return {metric: Panel(metric, columns) for metric, columns in found.items()}


def compared(runs: Mapping[str, Mapping[str, Any]], preset: str) -> list[str]:
    """The columns in which several runs are compared; the validation loss is the first.

    Args:
        runs: label → the content of its `history.json`.
        preset: `minimal`, `standard` or `full`.
    """
    there = dict.fromkeys(name for run in runs.values() for row in run["history"] for name in row)
    wanted = ["val_loss"]
    if preset != "minimal":
        wanted += [run["monitor"] for run in runs.values()]
        wanted += ["val_accuracy"] if set(wanted) == {"val_loss"} else []
    if preset == "full":
        wanted += [name for name in there if name.startswith("val_")]
    return [name for name in dict.fromkeys(wanted) if name in there]


def _groups(
    found: Mapping[str, Panel], known: frozenset[str], families: Mapping[str, Iterable[str]], preset: str
) -> Iterator[tuple[str, list[Panel]]]:
    """Names of figures and their panels, as many as the preset has; none is empty."""

    def of(names: Iterable[str]) -> list[Panel]:
        return [found[name] for name in names if name in found]

    loss = of(["loss"])
    drawn = {name: panels for name, chosen in families.items() if (panels := of(chosen))}
    if loss:
        yield "loss", loss
    if preset == "minimal":
        return
    beside = {"accuracy": of(["accuracy"])} if "accuracy" in found else dict(list(drawn.items())[:1])
    for name, panels in beside.items():
        if loss and panels != loss:
            yield f"loss-and-{name}", loss + [panel for panel in panels if panel not in loss]
    yield from drawn.items()
    if preset == "standard":
        return
    shown = {panel.metric for panels in [loss, *drawn.values()] for panel in panels}
    left = [panel for panel in found.values() if panel.metric not in shown]
    of_epochs = [panel for panel in left if "" in panel.columns]
    norms = [panel for panel in of_epochs if panel.metric.startswith("gradient_norm")]
    of_parts = [panel for panel in left if panel not in of_epochs]
    groups = {
        "loss-parts": [panel for panel in of_parts if known and panel.metric not in known],
        "metrics": [panel for panel in of_parts if not known or panel.metric in known],
        "gradient-norm": norms,
    }
    yield from ((name, panels) for name, panels in groups.items() if panels)
    yield from ((panel.metric, [panel]) for panel in of_epochs if panel not in norms)


def _file_name(name: str, taken: set[str]) -> str:
    """A name of a figure as that of a file which no other has."""
    plain = re.sub(r"[^\w.+-]+|_", "-", name).strip("-.") or "figure"
    found, number = plain, 1
    while found.lower() in taken:
        number += 1
        found = f"{plain}-{number}"
    taken.add(found.lower())
    return found
