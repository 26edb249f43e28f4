"""Evidence that a recipe gives the same bits under changed code: one result computed again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.acceptance.proposals import Proposal
from assay.environment import computing
from assay.finished import is_finished, read_receipt
from assay.jobs import inputs
from assay.plan import Plan
from assay.replay import certificate
from assay.replay.parting import HISTORY, TRACE, Parting, beginnings_part, parting, read_trace
from assay.replay.programs import Replay
from assay.settings.training import NumericsSettings
from assay.store import RESUME
from assay.words import counted


@dataclass(frozen=True)
class Compared:
    """What came of a comparison."""

    evidence: Mapping[str, Any]
    """As the ledger has it; empty if there is a difference."""
    parting: Parting | None = None
    environments: tuple[str, ...] = ()
    """What differs in the environments of both, where there is a difference."""

    @property
    def text(self) -> str:
        """`equal (2 of 2 epochs, 4 files)`, or the difference."""
        if self.parting is not None:
            text = f"differs: {self.parting.text}"
            if self.environments:
                text += f". The environments differ, too: {'; '.join(self.environments)}"
            return text
        epochs = [f"{self.evidence['epochs']} epochs"] if "epochs" in self.evidence else []
        made = ["there under both codes already"] if self.evidence["compared"] == MADE else []
        return f"equal ({', '.join([*epochs, counted(len(self.evidence['digests']), 'file'), *made])})"


AGAIN, MADE = "with a result computed again", "with a result that was there under the changed code"
"""What the recorded result was compared with."""


def compare(
    proposal: Proposal, plan: Plan, replay: Replay, here: Mapping[str, Any], epochs: int | None
) -> Compared:
    """Compute a proposal's result again and compare it with the one that is there.

    Args:
        proposal: what would keep its address.
        plan: under a ledger that has all proposals.
        replay: computes.
        here: the environment of this process.
        epochs: of a run, the first so many only.

    Raises:
        UserError: the program failed; says why.
    """
    before = proposal.place.folder(replay.store)
    if proposal.made:
        own = replay.store / proposal.recipe.stage / proposal.recipe.address / proposal.part
        return Compared(_evidence(proposal, own, here, MADE))
    recipe = plan.recipes[proposal.recipe.stage, proposal.kept]
    if recipe.stage in ("train", "evaluate"):
        data = next(place for place in inputs(recipe, proposal.part) if place.stage == "prepare")
        if not is_finished(data.folder(replay.store)):
            replay.make(plan.recipes[data.stage, data.address], data.part)
    beginning = epochs is not None and recipe.stage == "train"
    again = replay.make(recipe, proposal.part, None, *(["--stop-after", str(epochs)] if beginning else []))
    try:
        if is_finished(again):
            found = parting(before, again)
            evidence = {} if found else _evidence(proposal, again, here, AGAIN)
        else:
            from assay.training.checkpoint import load

            state = load(again / RESUME, key="state")
            found = beginnings_part(before, state)
            evidence = {} if found else _evidence_of_beginning(proposal, before, again, state)
        then, now = certificate.environment(before), certificate.environment(again)
        different = certificate.environments_part(then, now) if found and then and now else []
        return Compared(evidence, found, tuple(different))
    finally:
        if recipe.stage != "prepare":
            shutil.rmtree(again)


def _evidence(proposal: Proposal, again: Path, here: Mapping[str, Any], why: str) -> dict[str, Any]:
    """What a result that is equal proves."""
    receipt = read_receipt(again)
    found: dict[str, Any] = {"compared": why}
    if "seed" in receipt:
        found["seed"] = receipt["seed"]
    if proposal.recipe.stage == "train":
        epochs = len(read_trace(again / TRACE))
        found["epochs"] = f"{epochs} of {epochs}"
    found["digests"] = dict(receipt["digests"])
    return found | {"environment": _environment(certificate.environment(again) or here)}


def _evidence_of_beginning(
    proposal: Proposal, before: Path, again: Path, state: Mapping[str, Any]
) -> dict[str, Any]:
    """What the first epochs of a run prove: the digests of its rows until then, and of kept checkpoints."""
    rows, history = state["trace"], state["state"]["history"]["history"]
    epochs = f"epochs 1 to {len(rows)}" if len(rows) > 1 else "epoch 1"
    digests = {f"{TRACE}, {epochs}": _together(rows), f"{HISTORY}, {epochs}": _together(history)}
    return {
        "compared": AGAIN,
        "seed": read_receipt(before)["seed"],
        "epochs": f"first {len(rows)} of {len(read_trace(before / TRACE))}",
        "digests": digests | dict(state["kept"]),
        "environment": _environment(certificate.environment(again)),
    }


def _together(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 of rows as lines of JSON: of a trace, what `head -n 3 trace.jsonl | sha256sum` says."""
    return hashlib.sha256("".join(f"{json.dumps(row)}\n" for row in rows).encode()).hexdigest()


def _environment(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger says of an environment."""
    told = {
        "torch": found["versions"]["torch"],
        "numpy": found["versions"]["numpy"],
        "device": found.get("device"),
        "cpu": found["cpu"]["model"],
        "fingerprint": found.get("portability", {}).get("fingerprint"),
    }
    return {name: value for name, value in told.items() if value is not None}


def environment_here() -> dict[str, Any]:
    """The environment of this machine, for what records none; a run records its own, with its arithmetic."""
    import torch

    found = computing(torch.device("cpu"), NumericsSettings(portable=False))
    return {name: found[name] for name in ("versions", "cpu")}
