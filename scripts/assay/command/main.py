"""`assay`: look at results, show that they hold, move and remove them."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

from assay import program
from assay.configuration import CONFIG_FILE
from assay.errors import UserError

SUBCOMMANDS = {
    "runs": "runs",
    "show": "show",
    "status": "status",
    "plot": "plot",
    "report": "report",
    "why": "why",
    "diff": "diff",
    "plan": "plan",
    "aa": "aa",
    "across": "across",
    "verify": "verify",
    "accept": "accept",
    "export": "export",
    "import": "import_",
    "gc": "gc",
    "doctor": "doctor",
    "cluster": "cluster",
}
"""Name → module of this package. Only the one that is called is imported: most are done in a moment."""


def main() -> None:
    """Parse the command line and do what it says."""
    program.run(_main)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="assay", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    called = [name for name in sys.argv[1:2] if name in SUBCOMMANDS]
    modules = {name: _module(name) for name in called or SUBCOMMANDS}
    for name, module in modules.items():
        text = (module.__doc__ or "").strip()
        sub = subparsers.add_parser(
            name, help=text.splitlines()[0], description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        module.add_arguments(sub)
    arguments = parser.parse_args()
    _enter_project()
    modules[arguments.command].run(arguments)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"assay.command.{SUBCOMMANDS[name]}")


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
