"""Show one run: what it is, how it went, where its files are, how to repeat it.

assay show digits/plain/seed-0
assay show 455210a1d38c/3
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from assay import registry
from assay.configuration import configure
from assay.finished import is_finished, read_receipt
from assay.program import failure_reason
from assay.recipe import from_yaml
from assay.store import RECIPE, is_claimed, seed_of
from assay.yamlfile import dump


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("run", help="a folder, study/variant/seed-N, or the beginning of address/N")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> None:
    """Print the run."""
    store = configure().store
    folder = registry.find(store, arguments.run)
    recipe = from_yaml(folder / RECIPE)
    seed = seed_of(folder)
    rows = [
        item
        for item in registry.select(registry.runs(store), address=recipe.address)
        if item.folder.resolve() == folder.resolve()
    ]
    content = {
        "run": str(_short(folder)),
        "status": read_receipt(folder)["status"] if is_finished(folder) else _unfinished(folder),
        **({key: value for key, value in rows[0].facts.items() if value != ""} if rows else {}),
        "metrics": {(row.facts["evaluation"] or "validation"): row.metrics for row in rows},
        "settings": recipe.settings.model_dump(mode="json")
        | recipe.embedded["prepare"].settings.model_dump(mode="json", include={"data"}),
        "files": {p.name: p.stat().st_size for p in sorted(folder.iterdir()) if p.name[0] != "."},
        "log": str(_short(folder / "train.log")),
        "repeat": f"python scripts/train.py --recipe {_short(folder / RECIPE)} --seed {seed} --out again",
    }
    if arguments.json:
        print(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        print(dump(content, width=10_000), end="")


def _unfinished(folder: Path) -> str:
    if is_claimed(folder):
        return "running"
    return f"failed: {reason}" if (reason := failure_reason(folder)) else "not finished"


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
