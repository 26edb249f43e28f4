"""Two runs compared by what they left: environment, data, files, metrics, and where their histories part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay import environment, registry
from assay.differences.known import Recipes
from assay.differences.settings import NOT_SET, Value, differing
from assay.finished import read_receipt, read_verified_json
from assay.recipe import from_yaml
from assay.replay.parting import HISTORY, TRACE, read_trace, traces_part
from assay.store import RECIPE

METRICS = "metrics.json"
ALWAYS_OTHERS = ("started", "command", "host", "job")
"""What of an environment says when and where, and is no difference in what a run was computed with."""
_FACTS = ("status", "best_epoch", "parameters")
"""What of a run's receipt says how it ended."""


@dataclass(frozen=True)
class HistoryDifference:
    """Where the histories of two runs part."""

    text: str
    """The epoch; also the step and the tensors, if both runs have a trace."""
    values: tuple[Value, ...] = ()
    """The columns of the histories that differ in that epoch."""


def environments(old: Path, new: Path) -> tuple[list[Value], list[str]]:
    """What two runs were computed with, as far as it is recorded and differs; and their hosts, if they do."""
    one, other = (environment.read(folder) for folder in (old, new))
    if not (one and other):
        return [], []
    hosts = [str(content.get("host", "")) for content in (one, other)]
    found = [item for item in differing(one, other) if item.key.partition(".")[0] not in ALWAYS_OTHERS]
    return found, hosts if all(hosts) and hosts[0] != hosts[1] else []


def ends(old: Path, new: Path) -> list[Value]:
    """How two finished runs ended, as far as it differs."""
    both = [read_receipt(folder) for folder in (old, new)]
    found = [[receipt.get(name, NOT_SET) for receipt in both] for name in _FACTS]
    return [
        Value(name, *values) for name, values in zip(_FACTS, found, strict=True) if values[0] != values[1]
    ]


def data(old: Path, new: Path) -> Value | None:
    """The digests of the prepared data that two finished runs were trained on, equal or not."""
    digests = [read_receipt(folder).get("data") for folder in (old, new)]
    return Value("prepared data", *(f"sha256:{digest}" for digest in digests)) if all(digests) else None


def files(old: Path, new: Path) -> tuple[list[str], list[str]]:
    """The files with bits of two finished runs: those that differ or only one has; those that are equal."""
    one, other = (read_receipt(folder)["digests"] for folder in (old, new))
    differ = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return differ, [name for name in one if name not in differ]


def histories_differ(old: Path, new: Path) -> HistoryDifference | None:
    """Where the histories of two finished runs part; None if they are equal.

    Raises:
        UserError: a history is damaged.
    """
    one, other = (read_verified_json(folder, HISTORY)["history"] for folder in (old, new))
    row = next((pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]), None)
    epoch = row[0]["epoch"] if row else None
    values = tuple(differing(*row)) if row else ()
    traced = _traced(old, new)
    if traced is not None and (epoch is None or traced[0] <= epoch):
        return HistoryDifference(traced[1], values if traced[0] == epoch else ())
    if row:
        return HistoryDifference(f"epoch {epoch}", values)
    if len(one) != len(other):
        text = f"epoch {min(len(one), len(other)) + 1}, which only one has; those before are equal"
        return HistoryDifference(text, (Value("epochs", len(one), len(other)),))
    return None


def _traced(old: Path, new: Path) -> tuple[int, str] | None:
    """The first epoch of two traces that differs, and what in it; None if there is none, or no trace."""
    if not all(TRACE in read_receipt(folder)["digests"] for folder in (old, new)):
        return None
    one, other = (read_trace(folder / TRACE) for folder in (old, new))
    least = min(len(one), len(other))
    accumulated = {from_yaml(folder / RECIPE).settings.training.accumulate for folder in (old, new)}
    steps = accumulated.pop() if len(accumulated) == 1 else 1
    found = traces_part(one[:least], other[:least], steps)
    return (found.epoch, found.text) if found and found.epoch is not None else None


def validation(run: Path) -> dict[str, Mapping[str, float]]:
    """What a finished run reached on the validation part in its best epoch, in the same form."""
    history = read_verified_json(run, HISTORY)
    best = [row for row in history["history"] if row["epoch"] == history["best_epoch"]]
    found = {key: value for row in best for key, value in row.items() if key.startswith("val_")}
    return {"validation part, best epoch": found} if found else {}


def evaluated(recipes: Recipes, address: str, seed: int) -> dict[str, Mapping[str, float]]:
    """What was measured of a run: part and weights, in words → metrics.

    Args:
        recipes: those of the store.
        address: the run's.
        seed: the run's.

    Raises:
        UserError: a result is damaged.
    """
    found: dict[str, Mapping[str, float]] = {}
    for place in registry.evaluations(recipes.store, address, seed):
        if recipe := recipes.read(*place.key):
            found |= measured(place.folder(recipes.store), recipe["settings"])
    return found


def measured(folder: Path, settings: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """The metrics of a finished evaluation; there are none of a run that diverged."""
    if METRICS not in read_receipt(folder)["digests"]:
        return {}
    how = settings["evaluation"]
    return {
        f"{how['split']} part, {how['checkpoint']} weights": read_verified_json(folder, METRICS)["metrics"]
    }
