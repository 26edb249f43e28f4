"""The registry of runs: an index made from receipts whenever it is asked for, so it cannot be out of date.

A row is one run under one evaluation (or under none).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from assay import environment, plain_recipes
from assay.errors import UserError, choose
from assay.finished import SEAL, is_finished, read_receipt, read_verified_json
from assay.places import Place, addresses, at, place_of
from assay.recipe import from_yaml
from assay.remembered import Remembered
from assay.store import RECEIPT, RECIPE, seed_folder

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
    remembered = Remembered(store, "runs")
    evaluations = _evaluations(store, remembered)
    studies = _studies(store)
    recipes: dict[str, dict[str, str]] = {}
    for place in (place for key in addresses(store, ["train"]) for place in at(store, *key)):
        folder = f"{store}/{place.path}"
        if not is_finished(folder):
            continue
        try:
            facts = _facts(folder, remembered)
            if place.address not in recipes:
                recipes[place.address] = _named(folder, remembered)
        except UserError as error:
            log.warning(f"left out: {error}")
            continue
        common = {
            "studies": "; ".join(studies.get((place.address, place.part), ())),
            **recipes[place.address],
            **{name: facts[name] for name in ("address", "seed", "status", "best_epoch")},
            "evaluation": "",
            **facts["environment"],
            "checkpoint": f"{folder}/best.pt" if facts["has_checkpoint"] else "",
        }
        found = evaluations.get((facts["address"], seed_folder(facts["seed"])), [])
        for address, metrics in found:
            yield Run(Path(folder), {**common, "evaluation": address}, facts["validation"] | metrics)
        if not found:
            yield Run(Path(folder), common, facts["validation"])
    remembered.save()


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


def _facts(folder: str, remembered: Remembered) -> dict[str, Any]:
    """What receipt and environment say of a finished run.

    Raises:
        UserError: the receipt is damaged.
    """

    def read() -> dict[str, Any]:
        receipt, content = read_receipt(Path(folder)), environment.read(Path(folder))
        return {
            **{name: receipt[name] for name in ("address", "seed", "status", "best_epoch")},
            "validation": {receipt["monitor"]: receipt["best_value"]} if receipt["best_epoch"] else {},
            "environment": {
                "started": content.get("started", ""),
                "torch": content.get("versions", {}).get("torch", ""),
                "device": content.get("device", ""),
            },
            "has_checkpoint": os.path.exists(f"{folder}/best.pt"),
        }

    names = (RECEIPT, SEAL, "environment.json", "best.pt")
    found: dict[str, Any] = remembered.of(folder, tuple(f"{folder}/{name}" for name in names), read)
    return found


def _evaluations(
    store: Path, remembered: Remembered
) -> dict[tuple[str, str], list[tuple[str, dict[str, float]]]]:
    """(train address, folder of the seed) → the evaluations of that run: (address, metrics)."""
    found: dict[tuple[str, str], list[tuple[str, dict[str, float]]]] = {}
    for _, address in addresses(store, ["evaluate"]):
        recipe = store / "evaluate" / address / RECIPE
        if not recipe.exists():
            continue
        try:
            train = remembered.of(str(recipe), (str(recipe),), partial(_trained, recipe))
        except UserError as error:
            log.warning(f"left out: {error}")
            continue
        for place in at(store, "evaluate", address):
            try:
                metrics = _metrics(f"{store}/{place.path}", remembered)
            except UserError as error:
                log.warning(f"left out: {error}")
                continue
            if metrics is not None:
                found.setdefault((train, place.part), []).append((address, metrics))
    return found


def _trained(recipe: Path) -> str:
    """The address of the runs that an evaluate recipe measures, as its file says."""
    with suppress(KeyError, TypeError):  # it is not as written, or by a version with other keys
        return str((plain_recipes.written(recipe) or {})["upstream"]["train"]["address"])
    train = from_yaml(recipe).embedded["train"]
    return train.recorded or train.address


def _metrics(folder: str, remembered: Remembered) -> dict[str, float] | None:
    """What a finished evaluation measured; None if there is none, or was nothing to measure.

    Raises:
        UserError: it is not what the receipt says.
    """

    def read() -> dict[str, float] | None:
        if not is_finished(folder):
            return None
        receipt = read_receipt(Path(folder))
        if METRICS not in receipt["digests"]:  # the run diverged
            return None
        metrics: dict[str, float] = read_verified_json(Path(folder), METRICS, receipt)["metrics"]
        return metrics

    files = tuple(f"{folder}/{name}" for name in (RECEIPT, SEAL, METRICS))
    found: dict[str, float] | None = remembered.of(folder, files, read)
    return found


def _studies(store: Path) -> dict[tuple[str, str], list[str]]:
    """(address, folder of the seed) of a run → `study/variant` of every view that links to it."""
    found: dict[tuple[str, str], list[str]] = {}
    root = f"{store}/studies"
    for variant in (f"{study}/{name}" for study in _names(root) for name in _names(f"{root}/{study}")):
        for link in _names(f"{root}/{variant}"):
            with suppress(OSError):  # it is no link, or gone
                target = os.readlink(f"{root}/{variant}/{link}").split("/")
                if target[-3:-2] == ["train"]:
                    found.setdefault((target[-2], target[-1]), []).append(variant)
    return found


def _names(folder: str) -> list[str]:
    """What is in a folder; nothing if it is none."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _components(content: Mapping[str, Any]) -> dict[str, str]:
    """The components of a run, and what it overrides, from its recipe as plain data."""
    settings, data = content["settings"], content["upstream"]["prepare"]["settings"]["data"]
    overrides = content.get("made_by", {}).get("overrides", {})
    return {
        "task": settings["task"]["name"],
        "model": settings["model"]["name"],
        "data": data["source"]["name"],
        "notes": ", ".join(f"{key}={value}" for key, value in overrides.items()),
    }


def _named(folder: str, remembered: Remembered) -> dict[str, str]:
    """The same of a run's folder."""

    def read() -> dict[str, str]:
        recipe = Path(folder, RECIPE)
        with suppress(KeyError, TypeError):  # it is not as written, or by a version with other keys
            return _components(plain_recipes.written(recipe) or {})
        return _components(plain_recipes.plain(from_yaml(recipe)))

    found: dict[str, str] = remembered.of(f"{folder}/{RECIPE}", (f"{folder}/{RECIPE}",), read)
    return found
