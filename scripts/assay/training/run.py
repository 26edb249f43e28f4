"""The train stage: one run in its folder, from prepared data to receipt.

best.pt, last.pt, epoch-NNN.pt   checkpoints
history.json                     a row an epoch
recipe.yaml                      the complete recipe
metrics.csv, events.jsonl, train.log, environment.json   what depends on time and place
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from assay import numerics
from assay.data.prepared import Prepared
from assay.digest import file_digest
from assay.environment import write_environment
from assay.receipt import read_receipt, to_json, write_receipt
from assay.recipe import Recipe, require_same, to_yaml
from assay.store import RECEIPT, RECIPE, claim, write_atomically
from assay.training import checkpoint
from assay.training.build import choose_device
from assay.training.loop import Trained, train
from assay.training.watch import Watch, Watches
from assay.training.watch.events import Events
from assay.training.watch.log import Log
from assay.training.watch.timing import Timing


def run(recipe: Recipe, seed: int, prepared: Prepared, out: Path, device: str = "auto") -> dict[str, Any]:
    """Train one seed of a recipe in a folder of its own and return the receipt.

    The same run, finished, is left as it is. A run that diverges is finished, too: its receipt says so.

    Raises:
        UserError: data, model or device do not fit, or the folder holds another run.
    """
    with claim(out):
        if (out / RECEIPT).exists():
            return require_same(read_receipt(out), out, recipe, seed)
        numerics.configure(recipe.settings.numerics)
        where = choose_device(device)
        write_atomically(out / RECIPE, to_yaml(recipe))
        write_environment(out, where)
        watch = Watches([Log(str(out)), Events(out / "events.jsonl"), Timing(out / "metrics.csv")])
        return _train(recipe, seed, prepared, out, where, watch)


def _train(
    recipe: Recipe, seed: int, prepared: Prepared, out: Path, device: torch.device, watch: Watch
) -> dict[str, Any]:
    """Train, write what came of it, finish with the receipt."""
    digests: dict[str, str] = {}
    maker = {
        "recipe": recipe.plain(),
        "address": recipe.address,
        "seed": seed,
        "versions": {"torch": str(torch.__version__)},
    }

    def save(name: str, state: checkpoint.State | None) -> None:
        if state is not None and recipe.settings.training.save_artifacts:
            digests[name] = checkpoint.save(out / name, state | maker)

    try:
        trained = train(
            recipe.settings,
            prepared,
            seed,
            device,
            watch,
            keep=lambda state: save(f"epoch-{state['epoch']:03d}.pt", state),
        )
    except BaseException as error:
        watch.on_exception(error)
        raise
    save("best.pt", trained.best)
    save("last.pt", trained.last)
    write_atomically(out / "history.json", to_json(trained.history.plain()))
    digests["history.json"] = file_digest(out / "history.json")
    return write_receipt(out, recipe.stage, recipe.address, digests, **_facts(trained, seed, prepared))


def _facts(trained: Trained, seed: int, prepared: Prepared) -> dict[str, Any]:
    history = trained.history
    return {
        "seed": seed,
        "status": history.status,
        "best_epoch": history.best_epoch,
        "monitor": history.settings.monitor,
        "best_value": history.best_value,
        "parameters": sum(p.numel() for p in trained.task.model.parameters()),
        "data": prepared.digest,
    }
