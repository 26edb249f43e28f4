"""What is not as it should be in a store and around it, and what can be done about it.

A byte of a result that is not the one that was written is found: every file of a result has its digest in the
result's seal, a recipe in its first line. What a process is writing is left to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assay.doctor.code import code_finding
from assay.doctor.finding import Finding, Looked
from assay.doctor.leftovers import abandoned, dangling_views
from assay.doctor.recipes import Copies, recipe_finding
from assay.doctor.results import result_findings
from assay.doctor.surroundings import environment_finding, index_finding, ledger_finding, python_finding
from assay.places import addresses, at

__all__ = ["Finding", "Looked", "examine", "examine_results"]


def examine(store: Path, looked: Looked, fixing: bool = False) -> Iterator[Finding]:
    """Look at everything.

    Args:
        store: where results lie.
        looked: is kept up to date with how much was looked at.
        fixing: each finding is fixed before the next is asked for, so that what is still wrong is said again.
    """
    yield from ledger_finding()
    yield from examine_results(store, looked, fixing)
    yield from code_finding(store, looked)
    yield from abandoned(store)
    yield from dangling_views(store)
    yield from index_finding(store, looked)
    yield from environment_finding()
    yield from python_finding()


def examine_results(store: Path, looked: Looked, fixing: bool = False) -> Iterator[Finding]:
    """Look at all results and the recipes at their addresses, likewise."""
    copies = Copies(store)
    for stage, address in addresses(store):
        told = list(recipe_finding(store, stage, address, copies, looked))
        yield from told
        known = [] if fixing else [finding.path for finding in told]
        for place in at(store, stage, address):
            yield from (found for found in result_findings(store, place, looked) if found.path not in known)
