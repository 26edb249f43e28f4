"""The registry of runs: an index made from receipts whenever it is asked for, so it cannot be out of date.

A row is one run under one evaluation (or under none).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay import environment
from assay.errors import UserError, choose
from assay.finished import SEAL, is_finished, read_receipt, read_verified_json
from assay.places import Place, place_of
from assay.recipe import from_yaml
from assay.store import RECEIPT, RECIPE, seed_folder, seed_of

log = logging.getLogger("assay.registry")

METRICS = "metrics.json"

COLUMNS = (
    *("studies", "task", "model", "data", "address", "seed", "status", "best_epoch", "evaluation"),
    *("started", "torch", "device", "checkpoint", "notes"),
)
"""What is known of every run, beside its metrics."""


@dataclass(frozen=True)
class Run:
    """One run in the store."""

    folder: Path
    facts: dict[str, Any]
    """COLUMNS → value."""
    metrics: dict[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Facts and metrics as one row."""
        return {**self.facts, **self.metrics}


def runs(store: Path) -> Iterator[Run]:
    """Every finished run in the store, ordered by address and seed."""
    evaluations = _evaluations(store)
    studies = _studies(store)
    recipes: dict[Path, dict[str, str]] = {}
    folders = {path.parent for name in (RECEIPT, SEAL) for path in (store / "train").glob(f"*/seed-*/{name}")}
    for folder in sorted(folders, key=lambda folder: (folder.parent.name, seed_of(folder))):
        try:
            receipt = read_receipt(folder)
            if folder.parent not in recipes:
                recipes[folder.parent] = _named(folder)
        except UserError as error:
            log.warning(f"left out: {error}")
            continue
        common = {
            "studies": "; ".join(studies.get(folder.resolve(), ())),
            **recipes[folder.parent],
            "address": receipt["address"],
            "seed": receipt["seed"],
            "status": receipt["status"],
            "best_epoch": receipt["best_epoch"],
            "evaluation": "",
            **_environment(folder),
            "checkpoint": str(folder / "best.pt") if (folder / "best.pt").exists() else "",
        }
        validation = {receipt["monitor"]: receipt["best_value"]} if receipt["best_epoch"] else {}
        found = evaluations.get((receipt["address"], receipt["seed"]), [])
        for address, metrics in found:
            yield Run(folder, {**common, "evaluation": address}, validation | metrics)
        if not found:
            yield Run(folder, common, validation)


def select(found: Iterable[Run], **wanted: str | None) -> list[Run]:
    """The runs whose columns contain the wanted texts; an address by its beginning."""

    def matches(run: Run) -> bool:
        return all(
            str(run.facts[key]).startswith(text) if key == "address" else text in str(run.facts[key])
            for key, text in wanted.items()
            if text
        )

    return [run for run in found if matches(run)]


def best(found: Iterable[Run], metric: str, mode: str) -> list[Run]:
    """Runs that have the metric, the best first.

    Raises:
        UserError: no run has it.
    """
    candidates = list(found)
    known = {name for run in candidates for name in run.metrics}
    if metric not in known:
        raise UserError(f"--best: no run has the metric {metric!r}; {choose(metric, known, 'metric')}")
    having = [run for run in candidates if metric in run.metrics]
    return sorted(having, key=lambda run: run.metrics[metric], reverse=mode == "max")


def find(store: Path, name: str) -> Path:
    """The folder of the run that is meant by a path, a view (`digits/plain/seed-0`) or `address/seed`.

    Raises:
        UserError: no run, or more than one, is meant.
    """
    for path in (Path(name), store / "studies" / name):
        if (path / RECIPE).exists() and path.resolve().name.startswith("seed-"):
            return path.resolve()
    address, _, seed = name.partition("/")
    seed = seed.removeprefix("seed-") or "*"
    found = sorted((store / "train").glob(f"{address}*/seed-{seed}")) if address else []
    if len(found) == 1:
        return found[0].resolve()
    if not found:
        raise UserError(f"there is no run {name!r} in {store}; `assay runs` lists them")
    listed = ", ".join(f"{path.parent.name}/{path.name}" for path in found[:5])
    raise UserError(f"{name!r} means {len(found)} runs: {listed}{', …' if len(found) > 5 else ''}")


def evaluations(store: Path, address: str, seed: int) -> list[Place]:
    """The finished evaluations of one run.

    Raises:
        UserError: the recipe of one is not valid.
    """
    found = []
    for folder in sorted((store / "evaluate").glob(f"*/{seed_folder(seed)}")):
        place, recipe = place_of(store, folder), folder.parent / RECIPE
        if place is None or not recipe.is_file() or not is_finished(folder):
            continue
        if f"address: {address}\n" in recipe.read_text(encoding="utf-8", errors="replace"):
            train = from_yaml(recipe).embedded.get("train")
            if train and (train.recorded or train.address) == address:
                found.append(place)
    return found


def _evaluations(store: Path) -> dict[tuple[str, int], list[tuple[str, dict[str, float]]]]:
    """(train address, seed) → the evaluations of that run: (address, metrics)."""
    found: dict[tuple[str, int], list[tuple[str, dict[str, float]]]] = {}
    for recipe in sorted((store / "evaluate").glob(f"*/{RECIPE}")):
        try:
            train = from_yaml(recipe).upstream["train"]
        except UserError as error:
            log.warning(f"left out: {error}")
            continue
        for folder in recipe.parent.glob("seed-*"):
            try:
                metrics = _metrics(folder) if is_finished(folder) else None
            except UserError as error:
                log.warning(f"left out: {error}")
                continue
            if metrics is not None:
                found.setdefault((train, seed_of(folder)), []).append((recipe.parent.name, metrics))
    return found


def _metrics(folder: Path) -> dict[str, float] | None:
    """What a finished evaluation measured; None if there was nothing to measure.

    Raises:
        UserError: it is not what the receipt says.
    """
    receipt = read_receipt(folder)
    if METRICS not in receipt["digests"]:  # the run diverged
        return None
    found: dict[str, float] = read_verified_json(folder, METRICS, receipt)["metrics"]
    return found


def _studies(store: Path) -> dict[Path, list[str]]:
    """Run folder → `study/variant` of every view that links to it."""
    found: dict[Path, list[str]] = {}
    for link in sorted((store / "studies").glob("*/*/seed-*")):
        if link.is_symlink():
            target = Path(os.path.normpath(link.parent / os.readlink(link))).resolve()
            found.setdefault(target, []).append("/".join(link.parts[-3:-1]))
    return found


def _named(folder: Path) -> dict[str, str]:
    """The components of a run, from its recipe."""
    recipe = from_yaml(folder / RECIPE)
    return {
        "task": recipe.settings.task.name,
        "model": recipe.settings.model.name,
        "data": recipe.embedded["prepare"].settings.data.source.name,
        "notes": ", ".join(f"{key}={value}" for key, value in recipe.made_by.get("overrides", {}).items()),
    }


def _environment(folder: Path) -> dict[str, Any]:
    content = environment.read(folder)
    return {
        "started": content.get("started", ""),
        "torch": content.get("versions", {}).get("torch", ""),
        "device": content.get("device", ""),
    }
