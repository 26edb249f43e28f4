"""`certificate.json`: a run that was computed again and is equal in every bit.

    stage, address, seed, verified    which run, and when
    interrupted                       how often it was killed meanwhile, and where it was continued
    commit                            of the project, if it is a git checkout
    files                             every file that was compared, by its path in the store → its digest
    epochs                            SHA-256 of each epoch's row of the trace
    recomputed, original              the environments of both
    certificate                       the digest of all this

It lies in the run's folder and is no part of the result: a later one takes its place.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from assay.environment import git_state
from assay.environment import read as read_environment
from assay.errors import UserError
from assay.finished import CERTIFICATE
from assay.jsonfile import to_json
from assay.places import Place
from assay.store import sync_folder, write_atomically

_COMPARED = ("versions", "device", "cpu", "threads", "portability", "platform")
"""What of an environment may decide bits."""
_KEPT = (*_COMPARED, "git", "earlier")


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Put a certificate into a run's folder."""
    commit = (git_state()[0] or {}).get("commit")
    content = {
        "stage": "train",
        **facts,
        "verified": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
    }
    write_atomically(folder / CERTIFICATE, to_json(content | {"certificate": _digest(content)}))
    sync_folder(folder)


def read(folder: Path) -> dict[str, Any] | None:
    """The certificate of a run, None if it has none.

    Raises:
        UserError: it is damaged.
    """
    path = folder / CERTIFICATE
    try:
        text = path.read_bytes().decode()  # each byte counts: no newline is translated
        content: dict[str, Any] = json.loads(text)
        rest = {key: value for key, value in content.items() if key != "certificate"}
        whole = to_json(content) == text and content["certificate"] == _digest(rest)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: is damaged; `assay verify` makes it again") from error
    if not whole:
        raise UserError(f"{path}: is damaged; `assay verify` makes it again")
    return content


def fault(folder: Path, place: Place) -> str | None:
    """What is wrong with the certificate beside the result of a place; None if it has none, or a good one."""
    try:
        content = read(folder)
    except UserError:
        return "is damaged"
    if content is None:
        return None
    stage, address, seed = (content.get(name) for name in ("stage", "address", "seed"))
    if (stage, address, f"seed-{seed}") != (place.stage, place.address, place.part):
        return f"is of {stage} {address}, seed {seed}"
    return None


def environment(folder: Path) -> dict[str, Any]:
    """What of a run's `environment.json` may decide bits, and its commit; empty if there is none."""
    content = read_environment(folder)
    return {key: content[key] for key in _KEPT if key in content}


def environments_part(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What may decide bits and differs in two environments: `torch 2.5.1, not 2.4.0`."""
    one, other = (dict(_flat({key: found.get(key) for key in _COMPARED})) for found in (then, now))
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return [f"{name} {other.get(name)}, not {one.get(name)}" for name in names]


def versions_now() -> dict[str, Any]:
    """The versions of what prepares data, as a run's environment has them."""
    installed = {name: metadata.version(name) for name in ("numpy", "scikit-learn", "pandas")}
    return {"versions": {"python": platform.python_version(), **installed}}


def _flat(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(content, Mapping):
        yield name, content
        return
    for key, value in content.items():
        yield from _flat(value, key if name in ("", "versions") else f"{name} {key}")


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
