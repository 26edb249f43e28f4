"""Draw figures of one finished run, or several runs in one plot.

assay plot digits/plain/seed-0 --preset full
assay plot digits/plain/seed-0 digits/dropout/seed-0 --out plots
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from assay import components, plots, registry
from assay.configuration import configure
from assay.finished import read_verified_json
from assay.recipe import Recipe, from_yaml
from assay.store import RECIPE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument(
        "run", nargs="+", help="a folder, study/variant/seed-N, or the beginning of address/N"
    )
    parser.add_argument(
        "--preset", choices=[name for name in plots.PRESETS if name != "off"], default="standard",
        help="how much is drawn (default standard); pictures of samples only training draws",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=lambda text: Path(os.path.abspath(text)), default="figures", metavar="DIR",
        help="folder for the PNG files (default figures)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Draw, and print the files' paths."""
    store = configure().store
    runs = {registry.find(store, name): name for name in arguments.run}
    recipes = {folder: from_yaml(folder / RECIPE) for folder in runs}
    histories = [read_verified_json(folder, "history.json") for folder in runs]
    if len(runs) == 1:
        [recipe] = recipes.values()
        drawn = plots.draw(histories[0], described(recipe), None, arguments.out, arguments.preset)
    else:
        names = [named(store, name, folder, recipes[folder]) for folder, name in runs.items()]
        drawn = plots.compare(
            dict(zip(labels(names), histories, strict=True)), arguments.out, arguments.preset
        )
    for path in drawn:
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def described(recipe: Recipe) -> plots.Described:
    """The metrics and families of a recipe's task, from its file."""
    found: Any = components.define("tasks", recipe.settings.task.name).literals
    return plots.Described(tuple(found.get("metrics", ())), found.get("families", {}))


def named(store: Path, name: str, folder: Path, recipe: Recipe) -> tuple[str, ...]:
    """A run's address, study, variant and `seed-N`; study and variant are those of the view it is asked by.

    Args:
        name: what was asked for.
        folder: what was found.
    """
    if any(path.is_symlink() for path in (Path(name), store / "studies" / name)):
        return (folder.parent.name, *(unquote(part) for part in Path(name).parts[-3:]))
    made = [recipe.made_by[key] for key in ("study", "variant") if recipe.made_by.get(key)]
    return (folder.parent.name, *made, folder.name)


def labels(names: Sequence[tuple[str, ...]]) -> list[str]:
    """Names of runs as texts that differ: variant and seed, with study and address only if they must."""
    for parts in (2, 3, 4):
        found = ["/".join(name[-parts:]) for name in names]
        if len(set(found)) == len(found):
            break
    return found
