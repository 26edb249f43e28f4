"""The train stage: one run in its folder, from prepared data to receipt.

best.pt, last.pt, epoch-NNN.pt   checkpoints
history.json                     a row an epoch
trace.jsonl                      checksums of every epoch and step
recipe.yaml                      the complete recipe
metrics.csv, events.jsonl, train.log, environment.json   what depends on time and place
resume.pt                        the state of a run that is not finished
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from assay import numerics
from assay.data.prepared import Prepared
from assay.environment import computing, write_environment
from assay.errors import Interrupted, UserError
from assay.finished import find
from assay.jsonfile import to_json
from assay.program import log_in
from assay.reads import require_declared
from assay.receipt import file_digests, write_receipt
from assay.recipe import Recipe, require_same, to_yaml
from assay.store import RECIPE, can_continue, claim, remove_parts, remove_states, write_atomically
from assay.training import checkpoint
from assay.training.batches import load_part
from assay.training.build import build_run
from assay.training.failures import explained
from assay.training.interrupt import Interrupt, listening
from assay.training.loop import train
from assay.training.processes import together
from assay.training.ranks import Ranks
from assay.training.read import read_models
from assay.training.resume import Resume
from assay.training.state import Run, State
from assay.training.trace import TRACE, to_lines
from assay.training.watch import Setup, Watch, Watches
from assay.training.watch.events import Events
from assay.training.watch.log import Log
from assay.training.watch.plots import Plots
from assay.training.watch.timing import Timing

Made = tuple[dict[str, str], dict[str, Any]]
"""The digest of each file that carries bits, and what else the receipt says."""


@dataclass(frozen=True)
class Execution:
    """How a run is computed: no bit of it depends on these."""

    device: str = "auto"
    workers: int = 0
    resume_every_minutes: float = 5.0
    plots: str = "off"
    resume: Literal["if possible", "required", "never"] = "if possible"
    stop_after: int | None = None
    """Leave after this epoch, if others are to come."""


def run(
    recipe: Recipe,
    seed: int,
    data: Callable[[], Prepared],
    out: Path,
    execution: Execution | None = None,
    read: Mapping[str, Path] | None = None,
) -> dict[str, Any]:
    """Train one seed of a recipe in a folder of its own and return the receipt.

    The same run, finished, is left as it is; interrupted, it is continued. A run that diverges is finished,
    too: its receipt says so.

    Args:
        recipe: what to train.
        seed: the run's seed.
        data: loads the prepared data.
        out: the run's folder.
        execution: how it is computed.
        read: folders of the other runs that the recipe reads, by the setting that names them.

    Raises:
        UserError: data, model or device do not fit, or the folder holds another run.
        Interrupted: a signal asked the run to leave; its state is saved.
    """
    execution = execution or Execution()
    with claim(out), listening() as interrupt:
        if (done := find(out)) is not None:
            remove_states(out)
            return require_same(done, out, recipe, seed)
        remove_parts(out)
        if execution.resume == "required" and not can_continue(out):
            raise UserError(f"{out}: there is no state to resume from")
        with log_in(out / "train.log"):
            digests, facts = _watched(recipe, seed, data, out, execution, interrupt, read or {})
        # the log is closed and the other processes are gone: nothing writes what is sealed now
        receipt = write_receipt(out, recipe, digests, **facts)
        remove_states(out)
        return receipt


def _watched(
    recipe: Recipe,
    seed: int,
    data: Callable[[], Prepared],
    out: Path,
    execution: Execution,
    interrupt: Interrupt,
    read: Mapping[str, Path],
) -> Made:
    """Train, in as many processes as the recipe says; those that watch are told of what goes wrong."""
    numerics.configure(recipe.settings.numerics)
    write_atomically(out / RECIPE, to_yaml(recipe))
    watches: list[Watch] = [Log(str(out)), Events(out / "events.jsonl"), Timing(out / "metrics.csv")]
    if execution.plots != "off":
        watches.append(Plots(out / "figures", execution.plots))
    watch = Watches(watches)
    try:
        with explained():
            prepared = data()
            made = together(
                recipe.settings.training.processes,
                execution.device,
                lambda ranks, device: _train(
                    recipe, seed, prepared, out, device, watch, execution, interrupt, ranks, read
                ),
            )
            require_declared(recipe)  # before the log is closed, which says so, and not with the receipt only
            return made
    except Interrupted as error:
        watch.on_interrupt(str(error))
        raise
    except BaseException as error:
        watch.on_exception(error)
        raise


def _train(
    recipe: Recipe,
    seed: int,
    prepared: Prepared,
    out: Path,
    device: torch.device,
    watch: Watch,
    execution: Execution,
    interrupt: Interrupt,
    ranks: Ranks,
    read: Mapping[str, Path],
) -> Made:
    """Train and, in the process that writes, write what came of it."""
    settings = recipe.settings
    watch = watch if ranks.is_writer else Watch()
    digests: dict[str, str] = {}
    run = build_run(settings, prepared, seed, device, ranks)
    run.task.read(read_models(recipe, seed, prepared, read, device))
    maker = {
        "recipe": recipe.plain(),
        "address": recipe.address,
        "seed": seed,
        "input_shape": list(prepared.meta["input_shape"]),
        "outputs": run.task.outputs(prepared.meta),
        "versions": {"torch": str(torch.__version__)},
    }

    def save(name: str, state: State | None) -> None:
        if state is not None and settings.training.save_artifacts and ranks.is_writer:
            digests[name] = checkpoint.save(out / name, state | maker)

    identity = {"address": recipe.address, "seed": seed, "data": prepared.digest}
    environment = computing(device, settings.numerics)
    minutes, stop_after = execution.resume_every_minutes, execution.stop_after
    resume = Resume(out, identity, minutes, interrupt, digests, environment, stop_after)
    run.begin()
    resumed = execution.resume != "never" and resume.restore(run)
    if ranks.is_writer:
        if not resumed:
            resume.forget()
        write_environment(out, environment, [e for e in resume.environments if e != environment])
    watch.on_start(Setup(run, prepared, resumed))
    parts = {name: load_part(prepared, name, device, execution.workers) for name in ("train", "validation")}
    if short := [name for name, part in parts.items() if len(part) < ranks.size]:
        raise UserError(f"training.processes: the {short[0]} part has fewer samples than there are processes")
    last = train(
        run,
        parts["train"],
        parts["validation"],
        watch,
        resume,
        keep=lambda state: save(f"epoch-{state['epoch']:03d}.pt", state),
    )
    if not ranks.is_writer:
        return {}, {}
    save("best.pt", run.best if last is not None else None)
    save("last.pt", last)
    write_atomically(out / "history.json", to_json(run.history.plain()))
    write_atomically(out / TRACE, to_lines(run.trace))
    digests |= file_digests(out, ["history.json", TRACE])
    return digests, _facts(run, prepared)


def _facts(run: Run, prepared: Prepared) -> dict[str, Any]:
    history = run.history
    return {
        "seed": run.seed,
        "status": history.status,
        "best_epoch": history.best_epoch,
        "monitor": history.settings.monitor,
        "best_value": history.best_value,
        "parameters": sum(p.numel() for p in run.task.model.parameters()),
        "data": prepared.digest,
    }
