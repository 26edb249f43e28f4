"""Looks at a study: the seeds that its earlier reports were made from, so that a later report can say so.

<store>/looks/<study>/<address of compare>.json     metric, addresses of the runs, seeds, looks planned then

Seeds that are added after a look make p values too small, unless the looks were declared. A look is kept when
the report that showed it is removed: it was seen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from assay.finished import read_verified_json
from assay.jsonfile import to_json
from assay.recipe import Recipe
from assay.store import sync_folder, write_atomically

FOLDER = "looks"


def record(store: Path, report: Recipe) -> None:
    """Note what a finished report shows. A quick try is no look."""
    if report.settings.smoke:
        return
    aggregate = store / "aggregate" / "study" / report.upstream["aggregate/study"]
    variants = read_verified_json(aggregate, "study.json")["variants"]
    compared = read_verified_json(store / "compare" / report.upstream["compare"], "comparisons.json")
    measured = [variant["addresses"] for variant in variants]
    look = {
        "metric": compared["metric"],
        "runs": sorted({found.get("evaluate", found["train"]) for found in measured}),
        "seeds": sorted({int(seed) for variant in variants for seed in variant["best_epochs"]}),
        "planned": (compared["looks"] or {}).get("planned", []),
    }
    path = store / FOLDER / report.settings.study / f"{report.upstream['compare']}.json"
    if not path.exists():
        write_atomically(path, to_json(look))
        sync_folder(path.parent)


def earlier(
    store: Path,
    study: str,
    metric: str,
    runs: Collection[str],
    seeds: Collection[int],
    planned: Sequence[int] = (),
) -> list[int]:
    """The numbers of seeds at which some of these runs were compared before, with fewer of these seeds.

    Args:
        store: where results lie.
        study: its name.
        metric: what is compared.
        runs: addresses of the variants' measured runs.
        seeds: those of the study now.
        planned: the looks that it declares. Looks that were made under the same declaration are left out.
    """
    found = set()
    for path in sorted((store / FOLDER / study).glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):  # a damaged note is none
            look = json.loads(path.read_text(encoding="utf-8"))
            shared = len(set(look["runs"]) & set(runs)) > 1
            declared = bool(planned) and look["planned"] == list(planned)
            if look["metric"] == metric and shared and set(look["seeds"]) < set(seeds) and not declared:
                found.add(len(look["seeds"]))
    return sorted(found)
