"""List what no study, view or certificate reaches, with sizes; `--delete` removes it.

Reached are the results of every study in config/studies as it is now, those that a link below
<results>/studies leads to, those that have a certificate, and all that these were computed from. To let go of
a study's results, remove its file, its folder below <results>/studies, and call this.

What is being written, and runs that can be continued, are left alone. Studies of another clone that shares
the store are known by their links, and by what they are computing now.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.command.progress import Progress
from assay.command.table import print_table
from assay.errors import UserError
from assay.garbage.reachable import made_by
from assay.garbage.removal import remove_address, remove_empty, remove_result
from assay.garbage.unreached import Garbage, find_garbage, plan_everything
from assay.places import Place
from assay.words import counted, seed_ranges, size_text

COLUMNS = ("stage", "address", "made for", "seeds", "results", "size", "newest")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("--delete", action="store_true", help="remove it, after a question")
    parser.add_argument("--yes", action="store_true", help="with --delete: do not ask")


def run(arguments: argparse.Namespace) -> None:
    """Print what is garbage; remove it if asked to."""
    if arguments.yes and not arguments.delete:
        raise UserError("--yes: needs --delete")
    if arguments.delete and not arguments.yes and not sys.stdin.isatty():
        raise UserError("--delete: there is no terminal to ask at; give --yes too")
    plan = plan_everything()
    garbage = find_garbage(plan)
    weights = weigh(garbage, plan.store)
    print_table(list(_rows(garbage, weights)), COLUMNS)
    _print_left_alone(garbage)
    if garbage.is_empty:
        print(f"{plan.store}: nothing is garbage")
        return
    what = _amount(garbage, weights)
    if not arguments.delete:
        print(f"{what}. Remove with `assay gc --delete`")
    elif arguments.yes:
        delete(garbage, weights, plan.store)
    elif input(f"Delete {what}? [y/N] ").strip() == "y":
        # while the question stood, a study may have come to need some of it
        delete(garbage.both(find_garbage(plan_everything())), weights, plan.store)
    else:
        print("nothing is removed")


@dataclass(frozen=True)
class Weight:
    """What a folder or a file takes."""

    size: int
    """Bytes."""
    newest: float
    """When its newest file was written, in seconds of the epoch."""


def weigh(garbage: Garbage, store: Path) -> dict[Path, Weight]:
    """Each folder and file that is garbage, with what it takes."""
    progress, found = Progress(), dict[Path, Weight]()
    paths = [place.folder(store) for place in garbage.results]
    paths += [store.joinpath(*key) for key in garbage.addresses]
    apart = {*paths}
    for path in dict.fromkeys([*paths, *garbage.code, *garbage.logs]):
        progress.say(f"{len(found):,} of {counted(len(apart), 'folder')} measured")
        states = [state for state in map(_state, _files(path, apart)) if state is not None]
        found[path] = Weight(sum(s.st_size for s in states), max((s.st_mtime for s in states), default=0.0))
    progress.clear()
    return found


def _files(path: Path, others: Collection[Path]) -> Iterator[Path]:
    """The files of a folder, those of other folders in it left out; or the file."""
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if Path(folder, name) not in others]
        yield from (Path(folder, name) for name in names)


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _rows(garbage: Garbage, weights: dict[Path, Weight]) -> Iterator[dict[str, Any]]:
    """A row an address."""
    grouped: dict[tuple[str, str], list[Place]] = {}
    for place in garbage.results:
        grouped.setdefault(place.key, []).append(place)
    labels = _labels(garbage, grouped)
    for (stage, address), places in grouped.items():
        own = [weights[place.folder(garbage.recipes.store)] for place in places]
        yield {
            "stage": stage,
            "address": address,
            "made for": labels[stage, address],
            "seeds": _parts_text(place.part for place in places),
            "results": len(places),
            "size": size_text(sum(weight.size for weight in own)),
            "newest": time.strftime("%Y-%m-%d", time.localtime(max(weight.newest for weight in own))),
        }


def _labels(garbage: Garbage, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The study, and the variant if it is one, that each address was made for."""
    makers: dict[tuple[str, str], set[tuple[str, str]]] = {key: set() for key in keys}
    for key in makers:
        content = garbage.recipes.of(*key)
        if content is None:
            continue
        makers[key] |= made_by(content, garbage.recipes)
        for value in content.get("upstream", {}).values():
            if isinstance(value, dict) and value["stage"] == "prepare":
                makers.get(("prepare", value["address"]), set()).update(makers[key])
    return {key: _label(found) for key, found in makers.items()}


def _label(makers: set[tuple[str, str]]) -> str:
    studies = {study for study, _ in makers}
    if len(makers) == 1 and studies != {""}:
        return "/".join(next(iter(makers)))
    return ", ".join(sorted(study or "of no study" for study in studies))


def _amount(garbage: Garbage, weights: dict[Path, Weight]) -> str:
    """What is garbage, in short."""
    bare = len(garbage.addresses) - len({p.key for p in garbage.results} & {*garbage.addresses})
    kinds = (
        (len(garbage.results), "result", ""),
        (bare, "address without results", "addresses without results"),
        (len(garbage.code), "copy of code", "copies of code"),
        (len(garbage.logs), "log", ""),
    )
    told = [counted(*kind) for kind in kinds if kind[0]]
    return f"{', '.join(told)}, {size_text(sum(weight.size for weight in weights.values()))}"


def _print_left_alone(garbage: Garbage) -> None:
    kinds = ((len(garbage.running), "running"), (len(garbage.resumable), "that can be continued"))
    if told := [f"{number:,} {what}" for number, what in kinds if number]:
        print(f"left alone: {', '.join(told)}")
    for text in garbage.unreadable:
        print(f"left alone: {text}, so what its address stands for is not known; `assay doctor` says more")


def delete(garbage: Garbage, weights: dict[Path, Weight], store: Path) -> None:
    """Remove it, what reads before what is read, and say what was freed.

    Raises:
        UserError: something could not be removed.
    """
    progress, removed, problems = Progress(), [], []
    results = [place.folder(store) for place in reversed(garbage.results)]

    def attempt(path: Path, remove: Callable[[Path], bool]) -> None:
        try:
            if remove(path):
                removed.append(path)
        except OSError as error:
            problems.append(f"{error.filename or path}: cannot be removed: {error.strerror}")

    for number, folder in enumerate(results):
        progress.say(f"{number:,} of {counted(len(results), 'result')} removed")
        attempt(folder, remove_result)
    gone = len(removed)
    taken = len(results) - gone - len(problems)
    for key in reversed(garbage.addresses):
        attempt(store.joinpath(*key), remove_address)
    for path in (*garbage.code, *garbage.logs):
        attempt(path, _remove_file)
        remove_empty(path.parent, store)
    progress.clear()
    freed = size_text(sum(weights[path].size for path in removed if path in weights))
    print(f"removed {counted(gone, 'result')}, freed {freed}")
    if taken:
        print(f"left alone: {taken:,} that a process has begun to write")
    if problems:
        raise UserError("\n".join(problems))


def _remove_file(path: Path) -> bool:
    path.unlink(missing_ok=True)
    return True


def _parts_text(parts: Iterable[str]) -> str:
    """Folders of seeds and splits, for people: `0–4, 7`, `fixed`."""
    names = list(parts)
    seeds = [int(found[1]) for name in names if (found := re.fullmatch(r"seed-([0-9]+)", name))]
    others = [name for name in names if name and not name.startswith("seed-")]
    return ", ".join([*([seed_ranges(seeds)] if seeds else []), *others])
