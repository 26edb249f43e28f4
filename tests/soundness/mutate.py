"""Edit every function, class and constant of a project, one at a time, and plan: which addresses move.

    PYTHONPATH=scripts:TESTS python mutate.py STUDY FOLDER... [--all] [--only MODULE]

in the project's folder; prints JSON.

FOLDERs are import roots whose modules are edited, in place, and put back. Without `--all`, each is edited in one
way, and with it in every way there is. What may not move anything (modules that no recipe reaches, and those
that are declared not to influence a result) is edited all at once.

A module that is as it was is not parsed again (`soundness.remember`); every hundredth plan is also made in the
usual way, and the two must agree.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay import plan
from assay.errors import UserError

from soundness.mutations import Source
from soundness.remember import Remembering

Places = list[tuple[str, str]]


class Planner:
    """Plans a study again and again, and says which recipes have another address than at first."""

    def __init__(self, study: str) -> None:
        self.study, self.count = study, 0
        self._addresses()  # what planning imports, it has imported now
        self.first = self._addresses()
        self.planning = Remembering()
        assert self.moved() == []

    def moved(self) -> Places:
        """The recipes that moved.

        Raises:
            UserError: the study cannot be planned with this edit.
        """
        self.count += 1
        self.planning.on()
        found = self._differing()
        if self.count % 100 == 1:
            self.planning.off()
            assert self._differing() == found
        return found

    def _differing(self) -> Places:
        now = self._addresses()
        assert now.keys() == self.first.keys()
        return [place for place in now if now[place] != self.first[place]]

    def _addresses(self) -> dict[tuple[str, str], str]:
        [study] = plan.load_plan({"study": self.study}).studies
        found = {}
        for variant in study.variants:
            for recipe in (variant.prepare, variant.train, variant.measured, variant.aggregate):
                found[recipe.stage, variant.variant.name] = recipe.address
        for recipe in (study.aggregate, study.compare, study.report):
            found[recipe.stage, ""] = recipe.address
        return found


def name_of(file: Path, root: Path) -> str:
    """The name of a module, or the path of another file."""
    if file.suffix != ".py":
        return str(file.relative_to(root))
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def edits(planner: Planner, files: dict[Path, str], every: bool) -> Iterator[dict[str, Any]]:
    """Edit each file in each place, and say what moved; without `every` in the first way that is no error."""
    for file, name in files.items():
        if file.suffix != ".py":
            yield {"module": name, "where": "", "kind": "file", "moved": edited(planner, file, b"\n")}
            continue
        source = Source(file.read_bytes())
        for index, (where, _) in enumerate(source.targets):
            for way in source.ways(index, first=len(name) + index):
                moved = edited(planner, file, way.source)
                yield {"module": name, "where": where, "kind": way.kind, "moved": moved}
                if moved is not None and not every:
                    break


def edited(planner: Planner, file: Path, content: bytes) -> Places | None:
    """What moves with another content of a file; None if the study is refused with it. Put it back."""
    before = file.read_bytes()
    file.write_bytes(content if file.suffix == ".py" else before + content)
    try:
        return planner.moved()
    except UserError:
        return None
    finally:
        file.write_bytes(before)


def all_at_once(planner: Planner, files: dict[Path, str]) -> Places:
    """What moves with an edit in every place of all files. Put them back."""
    before = {file: file.read_bytes() for file in files}
    for file, content in before.items():
        file.write_bytes(Source(content).all_at_once() if file.suffix == ".py" else content + b"\n")
    try:
        return planner.moved()
    finally:
        for file, content in before.items():
            file.write_bytes(content)


def main() -> None:
    """Print the edits and what each moved, and what those moved together that may move nothing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--all", action="store_true", help="every way of editing each place")
    parser.add_argument("--only", action="append", help="edit this module; may be given again")
    arguments = parser.parse_args()
    files = {
        file.resolve(): name_of(file, root)
        for root in arguments.folders
        for file in sorted(root.rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
    }
    planner = Planner(arguments.study)
    alone = {file: name for file, name in files.items() if file in planner.planning.followed}
    chosen = {file: name for file, name in alone.items() if name in (arguments.only or [name])}
    together = {file: name for file, name in files.items() if file not in planner.planning.followed}
    begun, found = time.monotonic(), []
    for edit in edits(planner, chosen, arguments.all):
        found.append(edit)
        line = f"{len(found)} edits, {time.monotonic() - begun:.0f} s: {edit['module']}"
        print(f"\r{line}\033[K", end="", file=sys.stderr)
    print(file=sys.stderr)
    told = {"alone": found, "followed": sorted(alone.values()), "together": sorted(together.values())}
    print(json.dumps(told | {"moved": all_at_once(planner, together)}))


if __name__ == "__main__":
    main()
