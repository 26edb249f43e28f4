"""What the programs in `scripts/` share: logging, errors as messages, a record of a failed attempt."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.errors import Interrupted, UserError
from assay.finished import is_finished
from assay.store import FAILURE, write_atomically

CONTINUE_ME = 75
"""Exit code of a program that saved its state and wants to be started again (EX_TEMPFAIL of sysexits.h)."""
FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


def run(main: Callable[[], None]) -> None:
    """Call a program's main function; what a user can put right is shown as a message, exit code 1."""
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
    except Interrupted as error:
        print(error, file=sys.stderr)
        sys.exit(CONTINUE_ME)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"error: {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


def start_log(file: Path | None = None, console: bool = True) -> None:
    """Send the log to the console and to a file."""
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a log that cannot be written is no reason to say more than the error
    handlers: list[logging.Handler] = [logging.StreamHandler()] if console else []
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(file))
    logging.basicConfig(level=logging.INFO, format=FORMAT, handlers=handlers, force=True)


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
        failure = {
            "error": type(error).__name__ if not isinstance(error, UserError) else "error",
            "message": str(error),
            "traceback": traceback.format_exc(),
        }
        try:
            write_atomically(path, json.dumps(failure, indent=1) + "\n")
        except OSError as second:
            logging.error(f"{path}: cannot be written: {second.strerror}")
        raise
    path.unlink(missing_ok=True)
