"""Recipes whose code changed, and the addresses that they would keep: proposed, computed again, compared.

A recipe moves where its code changes, and with it every recipe that is computed from it. One that keeps its
address moves no other: so proposals are found stage by stage, each under a ledger that has those before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from assay import accepted, canonical, closure
from assay.finished import is_finished, read_receipt
from assay.jobs import inputs, jobs
from assay.places import Place
from assay.plan import Plan
from assay.recipe import Recipe
from assay.replay.parting import are_equal, parting
from assay.settings.stages import STAGES
from assay.siblings import Sibling, finished_places, siblings
from assay.words import counted

Key = tuple[str, str, str]
"""Stage, first half of the address, whole address to keep."""


@dataclass(frozen=True)
class Proposal:
    """A recipe that would keep an address which has results."""

    name: str
    """The study, and the variant that needs it."""
    recipe: Recipe
    """Under the code on disk, at the address that this gives it."""
    kept: str
    """The address to keep."""
    part: str
    """The seed or split whose result is computed again."""
    made: bool
    """Whether results under the code on disk are there already and equal: nothing is computed again."""
    before: Mapping[str, str]
    """Module → digest of the code of the results."""

    @property
    def key(self) -> Key:
        """What tells it from other proposals."""
        return (self.recipe.stage, self.recipe.address.partition("-")[0], self.kept)

    @property
    def place(self) -> Place:
        """The result that is computed again."""
        return Place(self.recipe.stage, self.kept, self.part)

    @property
    def title(self) -> str:
        """`train digits/plain, seed 0`."""
        part = f", {self.part.replace('-', ' ')}" if self.part.startswith("seed-") else ""
        return f"{self.recipe.stage} {self.name}{part}"

    def entry(self, evidence: Mapping[str, Any], message: str = "") -> accepted.Entry:
        """What the ledger says of it."""
        config, _, code = self.recipe.address.partition("-")
        return accepted.Entry(
            stage=self.recipe.stage,
            recipe=config,
            code=code,
            same_as=self.kept.partition("-")[2],
            accepted=date.today().isoformat(),
            made_for=self.name,
            changed=closure.changed(self.before, self.recipe.code),
            evidence=dict(evidence),
            message=message,
        )


def propose(
    load: Callable[[], Plan], store: Path, file: Path, refused: Collection[Key] = ()
) -> list[Proposal]:
    """All that would keep its address, what is read before what reads it; empty if no result is gained.

    Args:
        load: plans what is to be accepted, under the ledger as it then is.
        store: where results lie.
        file: where the ledger that is supposed is put.
        refused: proposals that are not to be made.
    """
    before = finished_jobs(load(), store)
    found: list[Proposal] = []
    while True:
        with accepted.supposing([proposal.entry({}) for proposal in found], file):
            plan = load()
            wave = _wave(plan, store, refused)
            if not wave:
                return found if finished_jobs(plan, store) > before else []
        found += wave


def finished_jobs(plan: Plan, store: Path, addresses: Collection[tuple[str, str]] | None = None) -> int:
    """How many results of a plan are finished, of some addresses or of all."""
    folders = {
        job.folder(store)
        for study in plan.studies
        for job in jobs(study)
        if addresses is None or job.place.key in addresses
    }
    return sum(is_finished(folder) for folder in folders)


def _wave(plan: Plan, store: Path, refused: Collection[Key]) -> list[Proposal]:
    """The proposals of the first stage that has any, those left out that read another of them."""
    moved: dict[tuple[str, str], Proposal] = {}
    seen = set()
    for study in plan.studies:
        for job in jobs(study):
            key = job.place.key
            if key in seen:
                continue
            seen.add(key)
            name = "/".join(filter(None, (study.study.name, job.variant)))
            proposal = _proposal(job.recipe, name, store, refused)
            if proposal is not None:
                moved[key] = proposal
    first = min((list(STAGES).index(stage) for stage, _ in moved), default=0)
    chosen = {key: item for key, item in moved.items() if list(STAGES).index(key[0]) == first}
    own = {address for _, address in chosen}
    return [item for item in chosen.values() if not own & set(item.recipe.upstream.values())]


def _proposal(recipe: Recipe, name: str, store: Path, refused: Collection[Key]) -> Proposal | None:
    """The address that a recipe would keep, if there is one."""
    config, _, code = recipe.address.partition("-")
    if closure.digest(dict(recipe.code))[: canonical.CODE_DIGITS] != code:
        return None  # it keeps one already
    own = finished_places(store, recipe.stage, recipe.address)
    for sibling in siblings(store, recipe):
        if (recipe.stage, config, sibling.address) in refused:
            continue
        part = _both_have(own, sibling, store) if own else _computable(recipe, sibling, store)
        if part is not None:
            code_before = sibling.recipe(store).code
            return Proposal(name, recipe, sibling.address, part, bool(own), code_before)
    return None


def _both_have(own: Collection[Place], sibling: Sibling, store: Path) -> str | None:
    """The first of a recipe's own results if the sibling has all of them, and they are equal."""
    for place in own:
        if not sibling.has(place.part):
            return None
        other = Place(sibling.stage, sibling.address, place.part)
        if not are_equal(other.folder(store), place.folder(store)):
            return None
    return next(iter(own)).part


def _computable(recipe: Recipe, sibling: Sibling, store: Path) -> str | None:
    """The first of a sibling's results whose inputs are there; those of runs that diverged come last."""

    def order(place: Place) -> tuple[bool, int]:
        return read_receipt(place.folder(store))["status"] != "finished", sibling.places.index(place)

    for place in sorted(sibling.places, key=order):
        needed = [item for item in inputs(recipe, place.part) if item.stage != "prepare"]
        if all(is_finished(item.folder(store)) for item in needed):
            return place.part
    return None


def nothing_to_accept(plan: Plan, store: Path) -> str:
    """Why there is no proposal, in words."""
    names = ", ".join(study.study.name for study in plan.studies)
    missing, differing = 0, []
    for study in plan.studies:
        for job in jobs(study):
            missing += not is_finished(job.folder(store))
            own = finished_places(store, job.recipe.stage, job.recipe.address)
            for sibling in siblings(store, job.recipe)[:1] if own else ():
                differing += _difference(job.recipe, own, sibling, store)
    if not missing:
        return f"{names}: nothing to accept: every result is there under the code on disk"
    told = f"{counted(missing, 'result')} {'is' if missing == 1 else 'are'} to be computed"
    text = f"{names}: nothing to accept: {told}, and the store has none of the same settings under other code"
    return "\n".join([text, *dict.fromkeys(differing)])


def _difference(recipe: Recipe, own: Collection[Place], sibling: Sibling, store: Path) -> list[str]:
    """What separates a recipe's own results from those of a sibling, if something does."""
    for place in own:
        other = Place(sibling.stage, sibling.address, place.part).folder(store)
        if sibling.has(place.part) and (found := parting(other, place.folder(store))):
            both = f"{recipe.stage} {recipe.address} and {sibling.address}, of other code, are both there"
            return [f"  {both} and differ: {found.text}"]
    return []
