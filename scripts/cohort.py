"""Train seeds of recipes, one after another, and evaluate them: torch is imported once for all.

Each run is computed by `train.py` and `evaluate.py`, in processes forked from this one: the same files, the
same bytes as one by one. What is finished is left as it is; a run that fails harms no other. SIGTERM, SIGINT
and SIGUSR1 are passed on: the runs that are going on save their state, and the exit code is 75.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from assay import numerics, program, reads, recipe
from assay.cohorts.devices import leased
from assay.cohorts.run import LOGS, Cohort, Run, Unfinished, compute
from assay.errors import UserError
from assay.finished import is_finished
from assay.recipe import Recipe
from assay.settings.config import MachineSettings
from assay.settings.validate import validate
from assay.store import RECIPE, seed_folder


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--recipe", type=Path, action="append", required=True,
        help="recipe.yaml of an evaluate stage, or of a train stage; may be given again, each with its seeds",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, nargs="+", action="append", required=True, help="the recipe's seeds, each from 0"
    )
    parser.add_argument("--store", type=Path, required=True, help="where results lie and go to")
    machine = MachineSettings()
    parser.add_argument("--device", default=machine.device, help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument(
        "--workers", type=int, default=machine.workers, help="processes a run that read batches"
    )
    parser.add_argument("--plots", default=machine.plots, help="off, minimal, standard or full")
    parser.add_argument(
        "--resume-every", type=float, default=machine.resume_every_minutes, metavar="MINUTES",
        help="save the state within an epoch after so many",
    )  # fmt: skip
    parser.add_argument(
        "--runs-per-gpu", type=int, default=machine.runs_per_gpu, metavar="N",
        help="runs at the same time, where there is a GPU",
    )  # fmt: skip
    parser.add_argument(
        "--on-cluster", action="store_true",
        help="a job that a cluster started: its GPUs are its own, and it may ask to be started again",
    )  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Compute a cohort."""
    arguments = parse()
    given = {
        "results": str(arguments.store),
        "device": arguments.device,
        "workers": arguments.workers,
        "plots": arguments.plots,
        "resume_every_minutes": arguments.resume_every,
        "runs_per_gpu": arguments.runs_per_gpu,
    }
    machine, wrong = validate(MachineSettings, given)
    if machine is None:
        raise UserError("\n".join(f"{'.'.join(map(str, at))}: {text}" for at, text in wrong))
    program.start_log()
    if len(arguments.recipe) != len(arguments.seeds):
        raise UserError("--seeds: each --recipe needs its own")
    runs, failed = _read(arguments)
    cohort = Cohort(tuple(runs), machine)
    if waiting := cohort.unfinished():
        failed += _compute(cohort, waiting, arguments.on_cluster)
    if failed:
        raise UserError("\n".join(failed))


def _read(arguments: argparse.Namespace) -> tuple[list[Run], list[str]]:
    """The runs, a seed of each recipe in turn, so that what is wrong with one shows early; and refusals.

    A recipe that cannot be computed, because a module of its own is broken by now, harms no other.
    """
    of_recipes, refused = [], []
    for file, seeds in zip(arguments.recipe, arguments.seeds, strict=True):
        try:
            recipes = _chain(file, arguments.store)
            of_recipes.append([Run(recipes, seed) for seed in dict.fromkeys(seeds)])
        except UserError as error:
            refused.append(str(error))
            print(f"failed: {error}", flush=True)
            for folder in (file.parent / seed_folder(seed) for seed in seeds):
                if file.parent.parent.name in LOGS and not is_finished(folder):
                    program.note_failure(folder, "error", str(error))
    return [run for runs in zip_longest(*of_recipes) for run in runs if run], refused


def _chain(file: Path, store: Path) -> tuple[Recipe, ...]:
    """The recipes that are computed, one after the other, for a seed of the last one."""
    last = recipe.from_yaml(file)
    chain = [last]
    if last.stage == "evaluate":
        chain.insert(0, recipe.from_yaml(last.embedded["train"].folder(store) / RECIPE))
    elif last.stage != "train":
        raise UserError(f"{file}: is a recipe of {last.stage}, not of evaluate or train")
    for each in chain:
        each.code_now()
    return tuple(chain)


def _compute(cohort: Cohort, waiting: Sequence[Unfinished], is_on_cluster: bool) -> list[str]:
    """Import torch, and compute runs in processes that are forked from this one; why some failed."""
    chains = {run.recipes[-1].address: run.recipes for run in cohort.runs}.values()
    of_process = {train.settings.of_process for train, *_ in chains}
    if len(of_process) > 1:
        raise UserError("the recipes of one job must have the same numerics and training.processes")
    [(settings, processes)] = of_process
    numerics.set_environment(settings)
    numerics.import_torch()
    import numpy.random  # noqa: F401  # once, for all processes
    import torch

    machine = cohort.machine
    device = machine.device if torch.backends.cuda.is_built() else "cpu"  # what cannot be used is not leased
    with leased(device, processes, is_on_cluster) as on_gpu:
        recipes = [each for chain in chains for each in chain]
        _import_common(recipes)
        reads.look_ahead(recipes)
        return compute(cohort, waiting, machine.runs_per_gpu if on_gpu else 1, is_on_cluster)


def _import_common(recipes: Sequence[Recipe]) -> None:
    """Import those of Assay's modules that all recipes reach: a program may hold no others."""
    for name in sorted(set[str].intersection(*(set(each.code_now()) for each in recipes))):
        if name.startswith("assay.") and "/" not in name:
            with suppress(Exception):  # the programs will say so, each for its run
                importlib.import_module(name)


if __name__ == "__main__":
    program.run(main)
    program.leave()
