"""Several processes for one run: they are forked before anything is built, meet, and train together.

Rank 0 is the process that was started: it alone writes results. The others leave when it has finished, and
fail when it is gone.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch

from assay.errors import Interrupted, UserError
from assay.program import CONTINUE_ME
from assay.training.build import choose_device
from assay.training.failures import explained
from assay.training.ranks import ALONE, Ranks

T = TypeVar("T")
TIMEOUT = timedelta(minutes=20)
"""How long one process waits for the others, who may be measuring or writing."""

log = logging.getLogger("assay.processes")


def together(size: int, device: str, work: Callable[[Ranks, torch.device], T]) -> T:
    """Do `work` in so many processes and return what it returned in this one.

    Args:
        size: number of processes; one does the work here, and no other is started.
        device: `auto`, or the name of a device; with GPUs enough, each process has one of its own.
        work: is called with this process's rank and its device.

    Raises:
        UserError: another process failed; its traceback is in the log.
    """
    if size == 1:
        return work(ALONE, choose_device(device))
    children: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        try:
            for rank in range(1, size):
                children.append(_fork(Ranks(rank, size), device, work, meeting))
            return _lead(children, Ranks(0, size), device, work, meeting)
        finally:  # whatever happens, a second Ctrl-C for one: none goes on to write the log after this one
            for child in children:
                os.kill(child, signal.SIGKILL)
            _codes(children)


def _lead(
    children: list[int], ranks: Ranks, device: str, work: Callable[[Ranks, torch.device], T], meeting: Path
) -> T:
    """Do this process's share, and wait for the others."""
    try:
        result = _meet(ranks, device, work, meeting)
    except Exception as error:
        failed = [
            f"process {rank} of the run " + (f"was ended by signal {-code}" if code < 0 else "failed")
            for rank, code in enumerate(_codes(children), 1)
            if code not in (0, CONTINUE_ME)
        ]
        if failed and not isinstance(error, UserError | Interrupted):
            raise UserError(f"{', '.join(failed)}; see the log") from error
        raise
    if any(_codes(children)):
        raise UserError("a process of the run failed at its end; its traceback is in the log")
    return result


def _fork(ranks: Ranks, device: str, work: Callable[[Ranks, torch.device], T], meeting: Path) -> int:
    """Start a process that does its share and never returns from here; its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    logging.getLogger().setLevel(logging.ERROR)  # rank 0 tells the rest
    try:
        _meet(ranks, device, work, meeting)
        code = 0
    except Interrupted:
        code = CONTINUE_ME
    except BaseException:
        log.error(f"process {ranks.rank}: {traceback.format_exc()}")
    finally:
        logging.shutdown()
        os._exit(code)


def _meet(ranks: Ranks, device: str, work: Callable[[Ranks, torch.device], T], meeting: Path) -> T:
    from torch import distributed

    gpus = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    own = gpus >= ranks.size
    if own:
        torch.cuda.set_device(ranks.rank)
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if own else "gloo",
        init_method=f"file://{meeting}",
        rank=ranks.rank,
        world_size=ranks.size,
        timeout=TIMEOUT,
    )
    try:
        with explained():
            return work(ranks, choose_device(f"cuda:{ranks.rank}" if own else device))
    finally:
        distributed.destroy_process_group()


def _codes(children: list[int]) -> list[int]:
    """Wait for processes, which leave the list as they end; their exit codes."""
    codes = []
    while children:
        codes.append(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
        del children[0]
    return codes
