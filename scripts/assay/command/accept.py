"""After a refactoring: show that changed code gives the same bits, and keep every address and result.

assay accept digits                              one seed of every recipe that the change reaches
assay accept digits --epochs 2                   of each training, the first two epochs only
assay accept digits --message "split the loss"   what is said of it in the ledger

Each recipe is computed again in a temporary folder, with the code on disk, and every digest is compared with
that of its finished result. If all are equal, config/accepted.yaml says so from then on, and the results stay
where they are: commit it with the change. If one differs, the first difference is shown, nothing is recorded,
and the exit code is 1.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assay import accepted, closure, finished
from assay.acceptance.evidence import Compared, compare, environment_here
from assay.acceptance.proposals import Key, Proposal, finished_jobs, nothing_to_accept, propose
from assay.command.tasks import each
from assay.errors import UserError
from assay.plan import Plan, load_plan
from assay.replay.programs import STARTING, Replay, seconds
from assay.replay.temporary import temporary_store
from assay.siblings import lines_changed
from assay.views import make_views
from assay.words import counted, duration_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("study", nargs="*", help="names or files of studies; that of config/config.yaml")
    parser.add_argument("--epochs", type=int, metavar="N", help="train the first N epochs only")
    parser.add_argument("--message", default="", metavar="TEXT", help="what was changed, for the ledger")
    parser.add_argument("--jobs", type=int, default=1, metavar="K", help="results at a time (default 1)")
    parser.add_argument("--set", default="", help="the overrides that Snakemake was given")
    parser.add_argument("--smoke", action="store_true", help="of the quick try")


def run(arguments: argparse.Namespace) -> None:
    """Compare, and record what is equal."""
    for option in ("epochs", "jobs"):
        if (value := getattr(arguments, option)) is not None and value < 1:
            raise UserError(f"--{option}: must be a whole number from 1, not {value}")
    load = functools.partial(load_plan, study=arguments.study, set=arguments.set, smoke=arguments.smoke)
    plan = load()
    with temporary_store(plan.store) as folder:
        entries = _accepted(load, plan, folder, arguments)
    if not entries:
        return
    accepted.add(entries)
    kept = {(entry.stage, f"{entry.recipe}-{entry.same_as}") for entry in entries}
    plan = load()
    make_views(plan)
    valid = finished_jobs(plan, plan.store, kept)
    keep = "keeps its address" if len(entries) == 1 else "keep their addresses"
    stay = "stays" if valid == 1 else "stay"
    told = f"{counted(len(entries), 'recipe')} {keep}; {counted(valid, 'finished result')} {stay} valid"
    print(f"{told}. Commit {shown(accepted.ledger())}")


def _accepted(
    load: Callable[[], Plan], plan: Plan, folder: Path, arguments: argparse.Namespace
) -> list[accepted.Entry]:
    """The entries for all that was compared and is equal; ends the program where something differs."""
    store, ledger = plan.store, folder / "accepted.yaml"
    proposals = propose(load, store, ledger)
    if not proposals:
        print(nothing_to_accept(plan, store))
        return []
    _announce(proposals, store, arguments)
    here = environment_here()
    evidence: dict[Key, Mapping[str, Any]] = {}
    refused: set[Key] = set()
    while True:
        with accepted.supposing([proposal.entry({}) for proposal in proposals], ledger):
            replay = Replay(store, folder / f"store-{len(refused)}", plan.machine, ("prepare",))
            different = _compare(proposals, load(), replay, here, evidence, arguments)
        if different is None:
            return [proposal.entry(evidence[proposal.key], arguments.message) for proposal in proposals]
        refused.add(different.key)
        proposals = propose(load, store, ledger, refused)
        if not any(proposal.recipe.address == different.recipe.address for proposal in proposals):
            print("Nothing is recorded.")
            sys.exit(1)
        print(f"{different.title}: older results, of another code, are there and compared now")


def _announce(proposals: Sequence[Proposal], store: Path, arguments: argparse.Namespace) -> None:
    """Say what changed, what is computed again, and how long that takes."""
    changed = {
        name: lines_changed(store, name, proposal.before.get(name), proposal.recipe.code.get(name))
        for proposal in proposals
        for name in closure.changed(proposal.before, proposal.recipe.code)
    }
    print("Changed since the results were computed:")
    for name in sorted(changed):
        print(f"  {changed[name]}")
    print("Recipes that this reaches, one result of each:")
    for proposal in proposals:
        print(f"  {proposal.title} ({proposal.kept})")
    total = sum(_seconds(proposal, store, arguments.epochs) for proposal in proposals)
    print(f"about {duration_text(total / arguments.jobs)}", file=sys.stderr)
    sys.stdout.flush()
    damaged = [text for proposal in proposals for text in finished.damage(proposal.place.folder(store))]
    if damaged:
        raise UserError("\n".join([*dict.fromkeys(damaged), finished.AGAIN]))


def _compare(
    proposals: Sequence[Proposal],
    plan: Plan,
    replay: Replay,
    here: Mapping[str, Any],
    evidence: dict[Key, Mapping[str, Any]],
    arguments: argparse.Namespace,
) -> Proposal | None:
    """Compare all that has no evidence yet, and add it; return the first that differs, None if none does."""
    different: list[Proposal] = []

    def work(proposal: Proposal) -> Compared:
        return compare(proposal, plan, replay, here, arguments.epochs)

    def report(proposal: Proposal, outcome: Compared | UserError) -> bool:
        if isinstance(outcome, UserError):
            raise UserError(f"{outcome}\nNothing is recorded.")
        print(f"{proposal.title}: {outcome.text}", flush=True)
        if outcome.parting is not None:
            different.append(proposal)
            return False
        evidence[proposal.key] = outcome.evidence
        return True

    left = [proposal for proposal in proposals if proposal.key not in evidence]
    times = [_seconds(proposal, replay.store, arguments.epochs) for proposal in left]
    each(left, work, arguments.jobs, replay, times, report)
    return different[0] if different else None


def _seconds(proposal: Proposal, store: Path, epochs: int | None) -> float:
    """How long it takes to compute a proposal's result again, about."""
    if proposal.made:
        return 0.0
    run = proposal.place.folder(store)
    if proposal.recipe.stage != "train":
        return STARTING
    share = 1.0 if epochs is None else min(1.0, epochs / max(proposal.recipe.settings.training.epochs, 1))
    return STARTING + seconds(run) * share


def shown(path: Path) -> Path:
    """A path as it is seen from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
