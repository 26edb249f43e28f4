"""Whether this project's code gives imported recipes the addresses that their results lie at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assay import closure
from assay.errors import UserError
from assay.places import Place
from assay.plan import forget
from assay.recipe import from_yaml
from assay.store import RECIPE
from assay.yamlfile import read


def unreached(store: Path, results: Iterable[Place]) -> dict[str, str]:
    """The recipes that no study of this project comes to, with the reason of each.

    Args:
        store: where they lie.
        results: each after those that it was made from.
    """
    forget()
    found: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for result in results:
        if result.recipe_folder in found:
            continue
        paths = [store / folder / RECIPE for folder in (result.recipe_folder, result.path)]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:  # data that were prepared by hand: the recipe of the run has theirs
            continue
        upstream = [_address(value) for value in (read(path).content.get("upstream") or {}).values()]
        moved = [addresses[address] for address in upstream if address in addresses]
        reason = f"reads {moved[0]}" if moved else _reason(path, result.address)
        if reason:
            found[result.recipe_folder] = reason
            addresses[result.address] = result.recipe_folder
    return found


def _address(upstream: Any) -> str:
    """The address of an upstream recipe: given alone, or in the whole recipe."""
    return str(upstream.get("address") if isinstance(upstream, dict) else upstream)


def _reason(path: Path, address: str) -> str:
    """Why a recipe has another address here; empty if it has not."""
    try:
        recipe = from_yaml(path)
        now = recipe.with_code_now()
        if now.address == address:
            return ""
        changed = closure.changed(recipe.code, now.code)
    except UserError as error:
        return str(error).splitlines()[0].removeprefix(f"{path}: ")
    return f"other code here: {', '.join(changed)}" if changed else "other settings here"
