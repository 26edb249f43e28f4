"""What the programs in `scripts/` share: logging, errors as messages, a record of a failed attempt."""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from assay.errors import Interrupted, UserError
from assay.finished import find, is_finished
from assay.recipe import Recipe, require_same
from assay.store import FAILURE, claim, remove_states, write_atomically

CONTINUE_ME = 75
"""Exit code of a program that saved its state and wants to be started again (EX_TEMPFAIL of sysexits.h)."""
INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended (128 and the signal's number)."""
FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


def run(main: Callable[[], None]) -> None:
    """Call a program's main function; what a user can put right is shown as a message, exit code 1."""
    try:
        main()
        _flush()  # here, where the other end of a pipe may be missed
    except UserError as error:
        sys.exit(f"error: {error}")
    except Interrupted as error:
        print(error, file=sys.stderr)
        sys.exit(CONTINUE_ME)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python tries once more
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def leave(code: int = 0) -> NoReturn:
    """End this process as Python does, but do not take its modules apart, which takes torch half a second.

    So a file that was left open loses what was not written yet.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # tells executors to end, and waits for threads
    atexit._run_exitfuncs()
    _flush()
    os._exit(code)


def _flush() -> None:
    """Have written what was said, where there is somebody to say it to."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def start_log(console: bool = True) -> None:
    """Begin the log, on the console or nowhere yet."""
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a log that cannot be written is no reason to say more than the error
    handlers: list[logging.Handler] = [logging.StreamHandler()] if console else []
    logging.basicConfig(level=logging.INFO, format=FORMAT, handlers=handlers, force=True)


@contextmanager
def log_in(file: Path) -> Iterator[None]:
    """Send the log to a file, too, until it is closed: a run is sealed after that.

    A process that is forked meanwhile has it open, too, and must have ended by then.
    """
    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def is_done(out: Path, recipe: Recipe, seed: int) -> bool:
    """Whether a folder holds this result already: said before torch is imported, which takes seconds.

    Raises:
        UserError: it holds another one.
    """
    if not is_finished(out):
        return False
    with claim(out):
        receipt = find(out)
        if receipt is None:
            return False
        require_same(receipt, out, recipe, seed)
        remove_states(out)
    return True


@contextmanager
def attempt(out: Path) -> Iterator[None]:
    """Leave `failure.json` in the result's folder if the attempt fails, and none if it does not."""
    path = out / FAILURE
    try:
        yield
    except Interrupted:
        path.unlink(missing_ok=True)
        raise
    except Exception as error:
        if is_finished(out):  # what is finished did not fail
            raise
        kind = type(error).__name__ if not isinstance(error, UserError) else "error"
        note_failure(out, kind, str(error), traceback.format_exc())
        raise
    path.unlink(missing_ok=True)


def note_failure(out: Path, error: str, message: str, told: str = "") -> None:
    """Leave `failure.json` in a result's folder; where that cannot be written, a line in the log.

    Args:
        out: the folder.
        error: the kind of error.
        message: what it says.
        told: its traceback.
    """
    failure = {"error": error, "message": message, "traceback": told}
    try:
        write_atomically(out / FAILURE, json.dumps(failure, indent=1) + "\n")
    except OSError as second:
        logging.error(f"{out / FAILURE}: cannot be written: {second.strerror}")


def failure_reason(folder: Path) -> str | None:
    """Why the last attempt at a result failed, if one did."""
    try:
        failure = json.loads((folder / FAILURE).read_text())
        return f"{failure['error']}: {failure['message']}".split("\n")[0]
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is damaged
        return None
