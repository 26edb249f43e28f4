"""Put the results of an archive that `assay export` made into this project's store.

assay import digits-1a2b3c4d5e6f.tar.gz
assay import --dry-run digits-1a2b3c4d5e6f.tar.gz   check it, and say what would be new

Every file is checked before any is used. A result that is here already stays as it is; if it has other bits,
nothing is imported. Code, configuration and studies of the archive are not imported: `tar -xzf` unpacks them.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from assay.archive.importing import Imported, import_archive
from assay.command.progress import Progress
from assay.configuration import configure
from assay.digest import file_digest
from assay.errors import UserError
from assay.places import Place
from assay.words import counted

_LEDGER = "config/accepted.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument(
        "file", type=lambda text: Path(os.path.abspath(text)), help="an archive of `assay export`"
    )
    parser.add_argument("--dry-run", action="store_true", help="check it and say what would be done")


def run(arguments: argparse.Namespace) -> None:
    """Import, and say what was new."""
    if not arguments.file.is_file():
        raise UserError(f"{arguments.file}: there is no such file")
    progress = Progress()
    try:
        found = import_archive(arguments.file, configure().store, progress.say, arguments.dry_run)
    finally:
        progress.clear()
    print(f"new{' (not imported)' if arguments.dry_run else ''}: {_counts(found.new)}")
    print(f"here already, with the same digests: {_counts(found.there)}")
    for report in found.other_reports:
        print(
            f"the report here stays: {report}; a report tells of the machines, and the numbers are the same"
        )
    _tell_reach(found)
    _tell_study(found, arguments.file)


def _counts(results: Iterable[Place]) -> str:
    """`6 results (2 prepare, 4 train)`."""
    counts = Counter(result.stage for result in results)
    stages = ", ".join(f"{number} {stage}" for stage, number in counts.items())
    return f"{counted(sum(counts.values()), 'result')}{f' ({stages})' if stages else ''}"


def _tell_reach(found: Imported) -> None:
    """Whether studies of this project come to the results."""
    total = len({result.recipe_folder for result in found.manifest.found})
    if not found.unreached:
        print("this project's code gives every one of their recipes the same address")
        return
    print(
        f"no study of this project comes to the results of {len(found.unreached)} "
        f"of {counted(total, 'recipe')}, because its code gives them other addresses:"
    )
    reasons = defaultdict(list)
    for address, reason in found.unreached.items():
        reasons[reason].append(address)
    for reason, addresses in reasons.items():
        print(f"  {', '.join(addresses)}: {reason}")
    if _LEDGER in found.manifest.files:
        print(f"  {found.root}/{_LEDGER} in the archive has code that its authors accepted as equivalent")


def _tell_study(found: Imported, archive: Path) -> None:
    """How to come to the study's file, and the call that leads to these results."""
    exported = found.manifest.exported
    study = Path(f"config/studies/{exported.get('study')}.yaml")
    listed = found.manifest.files.get(study.as_posix())
    if listed is None:
        return
    overrides = [f"{key}=true" for key in ("smoke", "partial") if exported.get(key)]
    if exported.get("set"):
        overrides.append(f"set={shlex.quote(exported['set'])}")
    if not study.exists():
        unpack = ["tar", "-xkzf", archive.name, "--strip-components", "1", f"{found.root}/{study}"]
        print(f"its study: {shlex.join(unpack)}")
    elif file_digest(study) != listed.sha256:
        print(f"its study: {found.root}/{study} in the archive; the one here, {study}, is another")
    call = ["snakemake", "-n", "--config", f"study={exported['study']}"]
    print(f"what it leads to: {' '.join([shlex.join(call), *overrides])}")
