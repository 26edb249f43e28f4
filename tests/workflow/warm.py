"""Calls of Snakemake that need not import it: it is imported once, and each call is forked from that process.

A call is Snakemake's own main program all the same, in a process, a folder and an environment of its own; nothing
of the project's is imported before.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def snakemake(folder: Path, arguments: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Call `snakemake` in a folder; its exit code and what it said."""
    process = _started()
    assert process.stdin is not None and process.stdout is not None
    with tempfile.NamedTemporaryFile("r") as said:
        request = {
            "folder": str(folder),
            "arguments": arguments,
            "environment": environment,
            "said": said.name,
        }
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline()), said.read()


@functools.cache
def _started() -> subprocess.Popen[str]:
    """The process that has imported Snakemake; it ends with this one."""
    return subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _call(request: dict[str, Any]) -> None:
    """Become a call of Snakemake."""
    import snakemake.cli

    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    with open(request["said"], "wb") as said, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
    sys.path[0] = request["folder"]  # as of `python -m snakemake`
    sys.argv = ["snakemake", *request["arguments"]]
    snakemake.cli.main(request["arguments"])


def main() -> None:
    """A call for each line of JSON, and its exit code for an answer."""
    for name in ("pydantic", "smart_open", "yaml"):  # what Snakemake and the project import later
        importlib.import_module(name)
    importlib.import_module("snakemake.cli").get_argument_parser()  # imports the plugins
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _call(json.loads(line))
            sys.exit()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
