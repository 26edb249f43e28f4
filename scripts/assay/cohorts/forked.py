"""Programs in processes that are forked from this one: they find imported what this one has imported.

A program cannot tell: it has its own arguments, output, signals and exit code, and what it does to its
modules dies with it. So one that fails, or that changes what it shares, harms no other.
"""

from __future__ import annotations

import atexit
import gc
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from assay.program import leave
from assay.training.interrupt import SIGNALS


def start(program: Path, arguments: Sequence[str], log: Path) -> int:
    """Start a Python program; the id of its process.

    Args:
        program: its file; `__main__`, while it runs.
        arguments: its command line.
        log: takes what it says, on standard output and error, instead of what it held.

    The signals that runs listen to must be held back: none may reach it with this process's handlers.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    try:
        atexit._clear()  # what this process does at its end is not for the program to do
        for number in SIGNALS:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        log.parent.mkdir(parents=True, exist_ok=True)
        _say_in(log)
        _run(program, arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _say_in(log: Path) -> None:
    """Send standard output and error to a file."""
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.close(said)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", buffering=1, closefd=False)


def _run(program: Path, arguments: Sequence[str]) -> NoReturn:
    """Run a program in this process, to its end."""
    gc.freeze()  # what is shared is not copied by looking for garbage in it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    sys.argv = [str(program), *arguments]
    code = 0
    try:
        runpy.run_path(str(program), run_name="__main__")
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1 if error.code else 0
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    leave(code)
