"""Loader workers of a run: they outlive the signals that ask the run to leave."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from pathlib import Path

import pytest
import torch
from assay.training.batches import load_part
from assay.training.interrupt import SIGNALS
from small import prepared


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_never_hear_the_signals_that_the_run_obeys() -> None:
    """Blocked from the moment they are forked: torch's own handler of SIGTERM would end them."""
    data = load_part(prepared(), "train", torch.device("cpu"), workers=2)
    batches = iter(data.batches([torch.arange(4), torch.arange(4, 8), torch.arange(8, 12)]))
    next(batches)
    workers = multiprocessing.active_children()
    assert len(workers) == 2
    for worker in workers:
        status = Path(f"/proc/{worker.pid}/status").read_text()
        blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
        assert all(blocked >> (number - 1) & 1 for number in SIGNALS)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []) & set(SIGNALS), "the run itself hears them"
    assert len(list(batches)) == 2
