"""`assay`: what is in the store, what it means, how far a study is."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from assay import program
from assay.command import (
    accept,
    diff,
    doctor,
    export,
    gc,
    import_,
    plot,
    report,
    runs,
    show,
    status,
    verify,
    why,
)
from assay.configuration import CONFIG_FILE
from assay.errors import UserError

SUBCOMMANDS = {
    "runs": runs,
    "show": show,
    "status": status,
    "plot": plot,
    "report": report,
    "why": why,
    "diff": diff,
    "verify": verify,
    "accept": accept,
    "export": export,
    "import": import_,
    "gc": gc,
    "doctor": doctor,
}


def main() -> None:
    """Parse the command line and do what it says."""
    program.run(_main)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="assay", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in SUBCOMMANDS.items():
        text = (module.__doc__ or "").strip()
        sub = subparsers.add_parser(
            name, help=text.splitlines()[0], description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        module.add_arguments(sub)
    arguments = parser.parse_args()
    _enter_project()
    SUBCOMMANDS[arguments.command].run(arguments)


def _enter_project() -> None:
    """Go to the folder of the project that the current folder lies in."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / CONFIG_FILE).exists():
            os.chdir(folder)
            return
    raise UserError(f"there is no {CONFIG_FILE} here or above; go to the project's folder")


if __name__ == "__main__":
    main()
