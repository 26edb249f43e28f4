"""The arguments of the program that computes a result: the same for the workflow and for `assay verify`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.recipe import Recipe
from assay.settings.config import MachineSettings
from assay.store import seed_of

PROGRAMS = Path(__file__).parents[1]
"""The folder of the programs."""


def program_file(recipe: Recipe) -> Path:
    """The program of a recipe's stage."""
    return PROGRAMS / f"{recipe.stage.split('/')[0]}.py"


def arguments(
    recipe: Recipe, part: str, file: Path, read: Sequence[Path], machine: MachineSettings, store: Path
) -> list[str]:
    """The arguments of a recipe's program, all but `--out`.

    Args:
        recipe: what to compute.
        part: the folder of a seed or a split; may be empty.
        file: the recipe's file.
        read: the folders of the results that are read, in the order of `assay.jobs.inputs`.
        machine: on what is computed.
        store: where the results of other stages lie.
    """
    found = ["--recipe", str(file)]
    if recipe.stage == "prepare":
        return [*found, "--data", machine.data, "--split", part]
    if recipe.stage == "train":
        runs = [f"--read={name}={folder}" for name, folder in zip(recipe.recipes_read, read[1:], strict=True)]
        found += ["--planned", "--quiet", "--seed", str(seed_of(part)), "--prepared", str(read[0])]
        return [*found, *machine.arguments().split(), *runs]
    if recipe.stage == "evaluate":
        return [*found, "--run", str(read[0]), "--prepared", str(read[1]), "--device", machine.device]
    if recipe.stage == "compare":
        return [*found, "--runs", str(read[0] / "runs.csv")]
    return [*found, "--store", str(store)]
