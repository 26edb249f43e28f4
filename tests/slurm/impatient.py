"""Snakemake that looks every half second whether jobs have ended: the plugin waits ten seconds longer each time."""

from __future__ import annotations

import asyncio
import sys

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor


async def sleep(executor: Executor) -> None:
    """Take the place of the plugin's waiting."""
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    Executor.sleep = sleep
    sys.exit(main())
