"""Train one seed of one recipe.

Without arguments: the defaults (digits, a small MLP, seed 0), into the store. A run of the workflow
again: `python scripts/train.py --recipe RUN/recipe.yaml --seed 42 --out DIR`.

A run that was killed continues where it was; SIGTERM, SIGINT and SIGUSR1 save and leave with exit code 75.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay import numerics, program, reads, recipe
from assay.errors import UserError, choose
from assay.store import seed_folder

if TYPE_CHECKING:
    from assay.configuration import Configuration
    from assay.data.prepared import Prepared
    from assay.recipe import Recipe
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
    arguments = parser.parse_args()
    if arguments.variant is not None and arguments.study is None:
        raise UserError("--variant: needs --study")
    if arguments.seed < 0:
        raise UserError(f"--seed: must be a whole number from 0, not {arguments.seed}")
    if arguments.resume_every is not None and arguments.resume_every <= 0:
        raise UserError(f"--resume-every: must be above 0, not {arguments.resume_every}")
    if arguments.stop_after is not None and arguments.stop_after < 1:
        raise UserError(f"--stop-after: must be a whole number from 1, not {arguments.stop_after}")
    if (arguments.workers or 0) < 0:
        raise UserError(f"--workers: must be a whole number from 0, not {arguments.workers}")
    return arguments


def main() -> None:
    """Train one run."""
    call = Call(parse())
    arguments, chosen, out = call.arguments, call.recipe, call.out
    program.start_log(console=not arguments.quiet)
    with program.attempt(out):
        current = chosen.with_code_now()
        if arguments.planned:
            recipe.require_planned(chosen)
        elif current.address != chosen.address:
            logging.warning(f"the code is not that of {chosen.address} any more; this is {current.address}")
        if program.is_done(out, current, arguments.seed):
            return
        if arguments.out is None:
            call.keep(current)
        numerics.set_environment(chosen.settings.numerics)
        numerics.import_torch()
        from assay.training.run import run

        read, execution = call.read(current), call.execution
        prepared = arguments.prepared or current.embedded["prepare"].folder(call.configuration.store)
        with reads.watched([out, prepared, *read.values()]):
            run(current, arguments.seed, lambda: call.data(current), out, execution, read)


@dataclass(frozen=True)
class Call:
    """What the command line asks for.

    What it leaves open, the configuration says. The workflow leaves nothing open: its jobs do not read the
    configuration, which may be edited meanwhile, nor import what makes recipes of studies.
    """

    arguments: argparse.Namespace

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration."""
        from assay.configuration import configure

        return configure()

    @cached_property
    def recipe(self) -> Recipe:
        """The run's recipe, as it was planned."""
        given = self.arguments
        if given.recipe is not None and not given.set:
            return recipe.read_train(given.recipe)
        from assay import single
        from assay.study.overrides import parse_assignments

        assignments = parse_assignments(given.set)
        if given.recipe is not None:
            return single.from_file(given.recipe, assignments, self.configuration)
        if given.study is None:
            return single.from_settings({}, assignments, self.configuration)
        options = self.configuration.options
        both = dataclasses.replace(options, assignments={**options.assignments, **assignments})
        configuration = dataclasses.replace(self.configuration, options=both)
        return single.from_variant(given.study, given.variant, configuration)

    @property
    def out(self) -> Path:
        """The run's folder."""
        if self.arguments.out is not None:
            out: Path = self.arguments.out
            return out
        return self.recipe.folder(self.configuration.store) / seed_folder(self.arguments.seed)

    def keep(self, current: Recipe) -> None:
        """Put the recipe at its address, as the workflow does."""
        from assay import sources
        from assay.plan import write_recipe

        write_recipe(self.configuration.store, current)
        sources.keep(self.configuration.store, current.code)

    def data(self, current: Recipe) -> Prepared:
        """The prepared data, on the device or left in their files."""
        mapped = self.execution.workers > 0
        if self.arguments.prepared is not None:
            from assay.data.prepared import load

            return load(self.arguments.prepared, current.upstream["prepare"], mapped)
        from assay.single import prepared_data

        store, files = self.configuration.store, self.configuration.options.data
        return prepared_data(current, self.arguments.seed, store, files, mapped)

    def read(self, current: Recipe) -> dict[str, Path]:
        """Setting → folder of the run of another variant that this one reads."""
        names = [name for name, other in current.embedded.items() if other.stage == "train"]
        found: dict[str, Path] = {}
        for text in self.arguments.read:
            name, _, folder = text.partition("=")
            if name not in names or not folder:
                raise UserError(f"--read: {text!r} is not setting=folder; {choose(name, names)}")
            found[name] = Path(folder)
        if len(found) == len(names):
            return found
        return current.runs_read(self.configuration.store, self.arguments.seed) | found

    @cached_property
    def execution(self) -> Execution:
        """How the run is computed."""
        from assay.training.run import Execution

        given = self.arguments

        def given_or_configured(name: str) -> Any:
            value = getattr(given, name)
            return getattr(self.configuration.machine, name) if value is None else value

        every = given.resume_every
        return Execution(
            device=given_or_configured("device"),
            workers=given_or_configured("workers"),
            plots=given_or_configured("plots"),
            resume_every_minutes=self.configuration.machine.resume_every_minutes if every is None else every,
            resume="required" if given.resume else "never" if given.restart else "if possible",
            stop_after=given.stop_after,
        )


if __name__ == "__main__":
    program.run(main)
    program.leave()
