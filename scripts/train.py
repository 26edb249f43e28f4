"""Train one seed of one recipe.

Without arguments: the defaults (digits, a small MLP, seed 0), into the store. A run of the workflow
again: `python scripts/train.py --recipe RUN/recipe.yaml --seed 42 --out DIR`.

A run that was killed continues where it was; SIGTERM, SIGINT and SIGUSR1 save and leave with exit code 75.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay import numerics, plan, program, reads, recipe, single, sources
from assay.configuration import configure
from assay.errors import UserError, choose
from assay.settings.config import MachineSettings
from assay.store import seed_folder
from assay.study.overrides import parse_assignments

if TYPE_CHECKING:
    from assay.training.run import Execution


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--recipe", type=Path, help="recipe.yaml of a train stage or of a run")
    source.add_argument("--study", help="a study's name or file, instead of a recipe")
    parser.add_argument("--variant", help="the study's variant; its baseline unless given")
    parser.add_argument("--set", default="", metavar='"A.B=1 C=[2,3]"', help="overrides of settings")
    parser.add_argument("--seed", type=int, default=0, help="the run's seed, from 0 (default 0)")
    parser.add_argument("--prepared", type=Path, help="folder of the prepared data; the store's unless given")
    parser.add_argument(
        "--read",
        action="append",
        default=[],
        metavar="SETTING=FOLDER",
        help="run of a variant that the recipe reads (`teacher=…`); its place in the store unless given",
    )
    parser.add_argument("--out", type=Path, help="folder for the run; its place in the store unless given")
    parser.add_argument("--device", help="auto, cpu, cuda, cuda:1, mps; the configuration's unless given")
    parser.add_argument("--workers", type=int, help="processes that read batches; 0 keeps data on the device")
    parser.add_argument("--plots", choices=("off", "minimal", "standard", "full"), help="figures of the run")
    parser.add_argument(
        "--resume-every", type=float, metavar="MINUTES", help="save the state within an epoch after so many"
    )
    parser.add_argument(
        "--stop-after", type=int, metavar="N", help="save the state after epoch N and leave with exit code 75"
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="refuse if there is no saved state")
    again.add_argument("--restart", action="store_true", help="begin anew even if there is a saved state")
    parser.add_argument(
        "--planned", action="store_true", help="refuse if the code is not the recipe's any more"
    )
    parser.add_argument("--quiet", action="store_true", help="log to the run's train.log only")
    return parser.parse_args()


def main() -> None:
    """Train one run."""
    arguments = parse()
    if arguments.seed < 0:
        raise UserError(f"--seed: must be a whole number from 0, not {arguments.seed}")
    if arguments.resume_every is not None and arguments.resume_every <= 0:
        raise UserError(f"--resume-every: must be above 0, not {arguments.resume_every}")
    if arguments.stop_after is not None and arguments.stop_after < 1:
        raise UserError(f"--stop-after: must be a whole number from 1, not {arguments.stop_after}")
    if (arguments.workers or 0) < 0:
        raise UserError(f"--workers: must be a whole number from 0, not {arguments.workers}")
    assignments = parse_assignments(arguments.set)
    configuration = configure()
    if arguments.recipe is not None:
        chosen = single.from_file(arguments.recipe, assignments, configuration)
    elif arguments.study is not None:
        both = {**configuration.options.assignments, **assignments}
        options = dataclasses.replace(configuration.options, assignments=both)
        configuration = dataclasses.replace(configuration, options=options)
        chosen = single.from_variant(arguments.study, arguments.variant, configuration)
    elif arguments.variant is not None:
        raise UserError("--variant: needs --study")
    else:
        chosen = single.from_settings({}, assignments, configuration)
    out = arguments.out or chosen.folder(configuration.store) / seed_folder(arguments.seed)
    program.start_log(console=not arguments.quiet)
    store, files = configuration.store, configuration.options.data
    with program.attempt(out):
        current = chosen.with_code_now()
        if arguments.planned:
            recipe.require_planned(chosen)
        elif current.address != chosen.address:
            logging.warning(f"the code is not that of {chosen.address} any more; this is {current.address}")
        if program.is_done(out, current, arguments.seed):
            return
        if arguments.out is None:
            plan.write_recipe(store, current)
            sources.keep(store, current.code)
        numerics.set_environment(chosen.settings.numerics)
        from assay.data.prepared import Prepared, load
        from assay.training.run import run

        execution = _means(arguments, configuration.machine)

        def data() -> Prepared:
            mapped = execution.workers > 0
            if arguments.prepared is not None:
                return load(arguments.prepared, current.upstream["prepare"], mapped)
            return single.prepared_data(current, arguments.seed, store, files, mapped)

        read = current.runs_read(store, arguments.seed)
        for text in arguments.read:
            name, _, folder = text.partition("=")
            if name not in read or not folder:
                raise UserError(f"--read: {text!r} is not setting=folder; {choose(name, read)}")
            read[name] = Path(folder)
        prepared = arguments.prepared or current.embedded["prepare"].folder(store)
        with reads.watched([out, prepared, *read.values()]):
            run(current, arguments.seed, data, out, execution, read)


def _means(arguments: argparse.Namespace, machine: MachineSettings) -> Execution:
    """How the run is computed: as the command line says, else as the configuration does."""
    from assay.training.run import Execution

    def given(name: str) -> Any:
        value = getattr(arguments, name)
        return getattr(machine, name) if value is None else value

    every = arguments.resume_every
    return Execution(
        device=given("device"),
        workers=given("workers"),
        plots=given("plots"),
        resume_every_minutes=machine.resume_every_minutes if every is None else every,
        resume="required" if arguments.resume else "never" if arguments.restart else "if possible",
        stop_after=arguments.stop_after,
    )


if __name__ == "__main__":
    program.run(main)
