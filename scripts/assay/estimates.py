"""What a job needs of its machine, as far as that can be said before it runs: generous, cheap to work out.

A run's time is three times that of the runs of the same settings that the store has; without any, it follows
from epochs, samples and the size of a sample, for a CPU. Memory follows from what was measured of small runs
and from the size of the data. A study says better (`resources`), and a job whose memory was not enough asks
for twice as much when it is tried again.
"""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.needs import Needs
from assay.recipe import Recipe
from assay.report.measured import cost
from assay.settings.config import MachineSettings
from assay.study.files import data_file

JOB_MEMORY = 450
"""MB of a job beside its results: two processes of Snakemake (270 MB), the one that imports torch for all."""
RUN_MEMORY = 1500
"""MB of a run: torch and a small model take 350 to 500; the rest is room for 60 million parameters, each with
its gradient and the two moments of Adam."""
GPU_MEMORY = 3000
"""MB more of the host's memory for a run on a GPU: its driver's and libraries' share."""
WORKER_MEMORY = 500
"""MB of a process that reads batches."""
COPIES = 4
"""Copies of the prepared data in memory: as read, converted, and parts of both."""
LARGER = 8
"""How much larger a data file may get in memory."""
UNKNOWN = 100_000
"""Bytes of a data set that is no file, before it is prepared."""
TABLES_MEMORY = {"aggregate": 500, "compare": 1000, "report": 1500}
"""MB of a job that makes tables or a report, without runs."""

JOB_MINUTES = 10
"""Minutes of a job beside its results: to start, to read the plan, to import."""
RUN_SECONDS = 30
"""Seconds of a run beside its epochs."""
SAMPLE_SECONDS, VALUE_SECONDS = 1e-3, 1e-6
"""Seconds that a sample takes in an epoch, and each of its values: what one core needs for a network of some
ten million operations a sample."""
SLOWER = 3
"""A run may take so many times as long as another of the same settings."""
SAMPLES_OF_COSTS = 3
"""Runs whose times are read."""
TABLES_MINUTES = 30
"""Minutes of a job that makes tables or a report, without runs."""
DAY = 24 * 60


@dataclass(frozen=True)
class Data:
    """How large a data set is."""

    samples: int
    """Those to train on."""
    values: int
    """Of all of these samples."""
    bytes: int
    """Of everything, in memory."""


class Estimator:
    """Estimates for the recipes of one store.

    Args:
        store: where finished runs and prepared data are looked up.
        machine: how runs are computed.
    """

    def __init__(self, store: Path, machine: MachineSettings) -> None:
        self.store, self.machine = store, machine
        self._data: dict[str, Data] = {}

    def prepare(self, recipe: Recipe) -> Needs:
        """To prepare a data set."""
        size = self._source(recipe)
        return Needs(RUN_MEMORY + LARGER * size // 10**6, TABLES_MINUTES + size // 10**8)

    def run(self, recipe: Recipe, gpus: int | None = None) -> tuple[Needs, float]:
        """To train and evaluate one run; its seconds more exactly than its minutes.

        Args:
            recipe: a train recipe.
            gpus: how many it needs, if that is known.
        """
        training, numerics = recipe.settings.training, recipe.settings.numerics
        if gpus is None:
            gpus = training.processes if self.machine.device.startswith("cuda") else 0
        data = self.data(recipe.embedded["prepare"])
        memory = (RUN_MEMORY + self.machine.workers * WORKER_MEMORY) * training.processes
        memory += COPIES * data.bytes // 10**6 + (GPU_MEMORY if gpus else 0)
        epoch = data.samples * SAMPLE_SECONDS + data.values * VALUE_SECONDS
        known = self.seconds_before(recipe.address)
        seconds = RUN_SECONDS + (training.epochs * epoch if known is None else SLOWER * known)
        cpus = training.processes * (numerics.threads + self.machine.workers)
        return Needs(memory, math.ceil(seconds / 60), cpus, gpus), seconds

    def tables(self, stage: str, runs: int) -> Needs:
        """To aggregate, compare or report so many runs."""
        return Needs(TABLES_MEMORY[stage] + runs // 4, TABLES_MINUTES + runs // 100)

    def data(self, recipe: Recipe) -> Data:
        """The size of what a prepare recipe prepares: as prepared, or as its files let expect."""
        if self.is_prepared(recipe):
            return self._data[recipe.address]
        size = LARGER * self._source(recipe)
        return Data(size // 64, size // 4, size)

    def is_prepared(self, recipe: Recipe) -> bool:
        """Whether the data of a prepare recipe are there."""
        if recipe.address not in self._data:
            found = _prepared(recipe.folder(self.store))
            if found is not None:
                self._data[recipe.address] = found
        return recipe.address in self._data

    def _source(self, recipe: Recipe) -> int:
        """Bytes of the files that a data set is made from."""
        source = recipe.settings.data.source
        paths = [data_file(source.settings[name], Path(self.machine.data)) for name in source.file_settings()]
        return sum(path.stat().st_size for path in paths) or UNKNOWN

    def seconds_before(self, address: str) -> float | None:
        """The longest time that a run of the same settings took, under whatever code; None without any."""
        config = address.partition("-")[0]
        costs = [cost(folder) for folder in _some_runs(self._addresses.get(config, ()))]
        return max((found.seconds for found in costs if found is not None), default=None)

    @functools.cached_property
    def _addresses(self) -> dict[str, list[str]]:
        """First half of an address → the folders of all addresses that begin so, the latest first."""
        found: dict[str, list[tuple[float, str]]] = {}
        try:
            with os.scandir(self.store / "train") as entries:
                for entry in entries:
                    config = entry.name.partition("-")[0]
                    found.setdefault(config, []).append((entry.stat().st_mtime, entry.path))
        except OSError:  # there is no store yet
            return {}
        return {config: [path for _, path in sorted(paths, reverse=True)] for config, paths in found.items()}


def _some_runs(folders: Sequence[str]) -> list[Path]:
    """A few finished runs below addresses."""
    found: list[Path] = []
    for folder in folders:
        for entry in sorted(os.listdir(folder)):
            if entry.startswith("seed-") and os.path.exists(f"{folder}/{entry}/receipt.json"):
                found.append(Path(folder, entry))
            if len(found) == SAMPLES_OF_COSTS:
                return found
    return found


def _prepared(folder: Path) -> Data | None:
    """The size of prepared data, of any split; None where none is finished."""
    try:
        for split in sorted(os.listdir(folder)):
            if not os.path.exists(folder / split / "receipt.json"):
                continue
            meta = json.loads((folder / split / "meta.json").read_text())
            samples, size = meta["samples"]["train"], math.prod(meta["input_shape"])
            arrays = sum(path.stat().st_size for path in (folder / split).glob("*.npy"))
            return Data(samples, samples * size, arrays)
    except (OSError, ValueError, KeyError, TypeError):  # damaged data are for their readers to report
        pass
    return None
