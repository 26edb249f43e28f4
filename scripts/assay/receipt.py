"""The receipt: written last and atomically, it says that a result is complete and what it is.

    {"stage": …, "address": …, "seed": …, "status": "finished", "digests": {file: digest}, …}

It holds no time, host or path: equal results have equal receipts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay import finished, reads
from assay.digest import file_digest
from assay.jsonfile import to_json
from assay.recipe import Recipe


def write_receipt(folder: Path, recipe: Recipe, digests: Mapping[str, str], **facts: Any) -> dict[str, Any]:
    """Finish a result: put its receipt in its folder and return it.

    Args:
        folder: the result's.
        recipe: what it is the result of.
        digests: file name → digest, of every file that carries bits.
        facts: what else is known of the result (seed, status, best epoch, …).

    Raises:
        UserError: the job read what the recipe's address does not stand for.
    """
    reads.require_declared(recipe)
    receipt = {
        "stage": recipe.stage,
        "address": recipe.address,
        "status": "finished",
        **facts,
        "digests": {name: digests[name] for name in sorted(digests)},
    }
    finished.finish(folder, to_json(receipt))
    return receipt


def file_digests(folder: Path, names: list[str]) -> dict[str, str]:
    """SHA-256 of each named file of a folder."""
    return {name: file_digest(folder / name) for name in names}
