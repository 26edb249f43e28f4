"""The receipt: written last and atomically, it says that a result is complete and what it is.

    {"stage": …, "address": …, "seed": …, "status": "finished", "digests": {file: digest}, …}

It holds no time, host or path: equal results have equal receipts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.digest import file_digest
from assay.errors import UserError
from assay.store import RECEIPT, write_atomically


def to_json(value: Any) -> str:
    """JSON as all of Assay's files have it: indented, keys in the order given, no NaN."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_receipt(
    folder: Path, stage: str, address: str, digests: Mapping[str, str], **facts: Any
) -> dict[str, Any]:
    """Finish a result: put its receipt in its folder and return it.

    Args:
        digests: file name → digest, of every file that carries bits.
        facts: what else is known of the result (seed, status, best epoch, …).
    """
    receipt = {
        "stage": stage,
        "address": address,
        "status": "finished",
        **facts,
        "digests": {name: digests[name] for name in sorted(digests)},
    }
    write_atomically(folder / RECEIPT, to_json(receipt))
    return receipt


def read_receipt(folder: Path) -> dict[str, Any]:
    """The receipt of a finished result.

    Raises:
        UserError: there is none, or it is damaged.
    """
    path = folder / RECEIPT
    try:
        receipt = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no finished result here") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is damaged; delete it, and the workflow makes it again") from error
    keys = {"stage", "address", "status", "digests"}
    if not (isinstance(receipt, dict) and keys <= receipt.keys() and isinstance(receipt["digests"], dict)):
        raise UserError(f"{path}: is damaged; delete it, and the workflow makes it again")
    return receipt


def file_digests(folder: Path, names: list[str]) -> dict[str, str]:
    """SHA-256 of each named file of a folder."""
    return {name: file_digest(folder / name) for name in names}


def read_verified(folder: Path, name: str) -> str:
    """The text of a result's file, if it is what the receipt says.

    Raises:
        UserError: the file or the receipt is missing or damaged.
    """
    receipt, path = read_receipt(folder), folder / name
    if not path.is_file():
        raise UserError(f"{path}: is missing; delete {folder / RECEIPT}, and the workflow makes it again")
    require_digest(folder, name, file_digest(path), receipt)
    return path.read_text(encoding="utf-8")


def read_verified_json(folder: Path, name: str) -> Any:
    """The content of a result's JSON file, verified likewise."""
    return json.loads(read_verified(folder, name))


def require_digest(folder: Path, name: str, found: str, receipt: Mapping[str, Any]) -> None:
    """Refuse a file that is not what its receipt says.

    Raises:
        UserError: names the file; deleting the receipt makes Snakemake compute it again.
    """
    if receipt["digests"].get(name) != found:
        raise UserError(
            f"{folder / name}: is damaged: its digest is not the one in {RECEIPT}. "
            f"Delete {folder / RECEIPT}, and the workflow makes it again"
        )
