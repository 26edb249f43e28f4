"""The aggregate stage: a variant's runs in one table, then the variants of a study in one.

runs.csv        (variant,) seed, metric, value, status: a row a metric; a run without result has one
                row without metric and value, its status says why
histories.csv   (variant,) seed, epoch, the history's columns
variant.json    addresses, seeds, best epochs, data; study.json: all variants'
summary.csv     variant, metric, n, mean, sd, minimum, maximum (a study only)
"""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.errors import UserError
from assay.finished import read_receipt, read_verified, read_verified_json
from assay.jsonfile import to_json
from assay.receipt import file_digests, write_receipt
from assay.recipe import Recipe, from_yaml
from assay.store import RECIPE, seed_folder, write_atomically

Row = dict[str, Any]


def aggregate_variant(recipe: Recipe, store: Path, out: Path) -> dict[str, Any]:
    """Gather one variant's runs in `out` and return the receipt.

    Raises:
        UserError: a result is missing or damaged.
    """
    runs: list[Row] = []
    histories: list[Row] = []
    best_epochs: dict[str, int | None] = {}
    first: dict[str, Any] = {}
    for seed in recipe.settings.seeds:
        receipt, history, metrics = read_run(recipe, store, seed)
        first = first or receipt
        best_epochs[str(seed)] = history["best_epoch"]
        histories += [{"seed": seed, **row} for row in history["history"]]
        common = {"seed": seed, "status": receipt["status"]}
        runs += [{**common, "metric": name, "value": value} for name, value in metrics.items()]
        if not metrics:
            runs.append({**common, "metric": "", "value": ""})
    for seed_text, reason in recipe.settings.missing.items():
        runs.append({"seed": int(seed_text), "metric": "", "value": "", "status": reason})
    runs.sort(key=lambda row: row["seed"])
    trained = from_yaml(store / "train" / recipe.upstream["train"] / RECIPE)
    description = {
        "addresses": dict(recipe.upstream),
        "seeds": sorted([*recipe.settings.seeds, *map(int, recipe.settings.missing)]),
        "best_epochs": best_epochs,
        "parameters": first.get("parameters"),
        **_data(recipe, store, trained, first),
    }
    columns = ["seed", "metric", "value", "status"]
    _write_table(out / "runs.csv", runs, columns)
    _write_table(out / "histories.csv", histories, ["seed"])
    write_atomically(out / "variant.json", to_json(description))
    names = ["runs.csv", "histories.csv", "variant.json"]
    return write_receipt(out, recipe, file_digests(out, names))


def aggregate_study(recipe: Recipe, store: Path, out: Path) -> dict[str, Any]:
    """Gather the variants' tables of a study in `out` and return the receipt.

    Raises:
        UserError: a result is missing or damaged.
    """
    runs: list[Row] = []
    histories: list[Row] = []
    variants = []
    for name, address in zip(recipe.settings.variants, recipe.upstream.values(), strict=True):
        folder = store / "aggregate/variant" / address
        runs += [{"variant": name, **row} for row in _verified_table(folder, "runs.csv")]
        histories += [{"variant": name, **row} for row in _verified_table(folder, "histories.csv")]
        variants.append({"name": name, **read_verified_json(folder, "variant.json")})
    _write_table(out / "runs.csv", runs, ["variant", "seed", "metric", "value", "status"])
    _write_table(out / "histories.csv", histories, ["variant", "seed"])
    summary = ["variant", "metric", "n", "mean", "sd", "minimum", "maximum"]
    _write_table(out / "summary.csv", list(summarize(runs)), summary)
    write_atomically(out / "study.json", to_json({"variants": variants}))
    names = ["runs.csv", "histories.csv", "summary.csv", "study.json"]
    return write_receipt(out, recipe, file_digests(out, names))


def summarize(runs: Iterable[Row]) -> Iterable[Row]:
    """Mean and sample standard deviation over seeds of each variant's metrics, in order of appearance."""
    values: dict[tuple[str, str], list[float]] = {}
    for row in runs:
        if row["metric"]:
            values.setdefault((row["variant"], row["metric"]), []).append(float(row["value"]))
    for (variant, metric), found in values.items():
        yield {
            "variant": variant,
            "metric": metric,
            "n": len(found),
            "mean": statistics.fmean(found),
            "sd": statistics.stdev(found) if len(found) > 1 else "",
            "minimum": min(found),
            "maximum": max(found),
        }


def read_run(
    recipe: Recipe, store: Path, seed: int
) -> tuple[dict[str, Any], dict[str, Any], dict[str, float]]:
    """The receipt, history and metrics of one run of an aggregate/variant recipe.

    The metrics are those of its evaluation, and `val_…` of its best epoch; none if it diverged.

    Raises:
        UserError: a result is missing, damaged, or another run's.
    """
    folder = store / "train" / recipe.upstream["train"] / seed_folder(seed)
    receipt, history = read_receipt(folder), read_verified_json(folder, "history.json")
    _require_own(receipt, folder, recipe.upstream["train"], seed)
    if receipt["status"] != "finished":
        return receipt, history, {}
    best = history["history"][history["best_epoch"] - 1] if history["best_epoch"] else {}
    metrics = {k: v for k, v in best.items() if k.startswith("val_") and v is not None}
    if "evaluate" in recipe.upstream:
        folder = store / "evaluate" / recipe.upstream["evaluate"] / seed_folder(seed)
        evaluated = read_receipt(folder)
        _require_own(evaluated, folder, recipe.upstream["evaluate"], seed)
        metrics = {**read_verified_json(folder, "metrics.json", evaluated)["metrics"], **metrics}
    return receipt, history, metrics


def _require_own(receipt: Mapping[str, Any], folder: Path, address: str, seed: int) -> None:
    """Refuse a result that was copied from elsewhere."""
    if (receipt["address"], receipt.get("seed")) != (address, seed):
        raise UserError(
            f"{folder}: holds {receipt['address']}, seed {receipt.get('seed')}; "
            "remove it, and the workflow makes its own"
        )


def _data(recipe: Recipe, store: Path, trained: Recipe, first: Mapping[str, Any]) -> dict[str, Any]:
    """The prepared data of a variant's first run: source, sizes, classes, version."""
    if not first:
        return {"classes": [], "data": {}}
    anew = trained.embedded["prepare"].settings.data.split.seed == "run"
    folder = store / "prepare" / recipe.upstream["prepare"]
    meta = read_verified_json(folder / (seed_folder(first["seed"]) if anew else "fixed"), "meta.json")
    data = {"source": meta["source"], "samples": meta["samples"], "digest": first["data"]}
    return {"classes": meta["classes"], "data": data | {"split_per_run": anew}}


def _verified_table(folder: Path, name: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO(read_verified(folder, name), newline="")))


def _write_table(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Write rows as CSV: the given columns first, then others in order of appearance; floats exact."""
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, names, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_atomically(path, text.getvalue())
