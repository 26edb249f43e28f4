"""Check every byte of the results, and what lies around them; `--fix` puts right what it can.

A damaged result is never repaired: its receipt and seal are removed, so that the workflow makes it again.
The exit code is 1 if anything is left that is not as it should be.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assay.command.progress import Progress
from assay.configuration import configure
from assay.doctor import Finding, Looked, examine
from assay.words import counted, size_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("--fix", action="store_true", help="do what each line says that it would do")


def run(arguments: argparse.Namespace) -> None:
    """Print a line a finding; exit with 1 if one is left."""
    store, progress = configure().store, Progress()

    def tell(looked: Looked, path: Path) -> None:
        progress.say(f"{counted(looked.files, 'file')}, {size_text(looked.size)} checked; {path}")

    looked = Looked(tell=tell)
    found = fixed = fixable = 0
    for finding in examine(store, looked, arguments.fix):
        progress.clear()
        found += 1
        fixable += finding.fix is not None
        if not arguments.fix:
            print(f"{finding}; --fix would {finding.would}" if finding.fix else str(finding))
            continue
        is_fixed, said = _fix(finding)
        fixed += is_fixed
        print(f"{finding}; {said}" if said else str(finding), flush=True)
    progress.clear()
    if looked.busy:
        print(f"left alone: {counted(len(looked.busy), 'result')} that a process is writing")
    amounts = (counted(looked.results, "result"), counted(looked.files, "file"), size_text(looked.size))
    checked = ", ".join(amounts)
    if not found:
        print(f"{checked}: all is as it should be")
        return
    findings = counted(found, "finding")
    if arguments.fix:
        print(f"{checked}: {findings}, {fixed} fixed")
    else:
        print(f"{checked}: {findings}; `assay doctor --fix` puts {fixable} right")
    if fixed < found:
        sys.exit(1)


def _fix(finding: Finding) -> tuple[bool, str]:
    """Fix it if that can be done; whether it is, and what to say."""
    if finding.fix is None:
        return False, ""
    try:
        if finding.fix():
            return True, finding.done
    except OSError as error:
        return False, f"{error.filename or finding.path}: cannot be changed: {error.strerror}"
    return False, "left alone: a process is writing there"
