"""`config/config.yaml`: which study, where results go, on what they are computed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from assay.settings.base import Settings, either
from assay.settings.cluster import ClusterSettings
from assay.yamlfile import parse


def _from_command_line(value: object) -> object:
    """Snakemake's `--config key=true` gives the text `true`."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _number(value: object) -> object:
    """Snakemake's `--config machine={'workers': 2}` gives the text `2`."""
    return parse(value) if isinstance(value, str) else value


Flag = Annotated[bool, BeforeValidator(_from_command_line)]


class IdentitySettings(Settings):
    """What else an address depends on."""

    environment: Flag = False
    """Put the versions of Python, PyTorch and NumPy and the kind of processor into every address:
    nothing computed with others is then reused."""


class MachineSettings(Settings):
    """What depends on the machine and never on the study: no address contains it."""

    results: Annotated[str, Field(min_length=1)] = "results"
    """The store: the folder all results go to. `ASSAY_RESULTS` in the environment goes before it."""
    data: str = "."
    """The folder that relative paths of data files in studies start from."""
    device: Annotated[
        str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$"), either("auto, cpu, mps, cuda or cuda:N")
    ] = "auto"
    """Where runs are computed: `auto` (a GPU if there is one), `cpu`, `cuda`, `cuda:1`, `mps`."""
    workers: Annotated[int, BeforeValidator(_number), Field(ge=0)] = 0
    """0: a run keeps its data on its device. From 1: they stay in their files and so many processes a run
    read its batches, for data that do not fit into memory. The bits are the same."""
    resume_every_minutes: Annotated[float, BeforeValidator(_number), Field(gt=0)] = 5.0
    """A run saves its state within an epoch after so many minutes, beside the saves after epochs."""
    seeds_per_job: Annotated[
        Annotated[int, BeforeValidator(_number), Field(gt=0)] | Literal["auto"],
        either("auto or a whole number from 1"),
    ] = "auto"
    """How many seeds of a variant one job trains at most, one after another, in processes forked from one
    that has imported torch. `auto`: on one machine, jobs share the runs of a study, and the last job ends as
    early as it can; on a cluster, as many as a job computes at once (`runs_per_gpu`)."""
    runs_per_gpu: Annotated[int, BeforeValidator(_number), Field(gt=0)] = 1
    """How many runs of a job share its GPU at the same time, each on a core; each job leases a GPU of its
    own. Nothing where `device` is `cpu`."""
    plots: Literal["off", "minimal", "standard", "full"] = "off"
    """What each run draws of its history when it is finished, into its folder's `figures`."""
    cluster: ClusterSettings = ClusterSettings()
    """How jobs are sent to a cluster (`--profile slurm`): see `docs/cluster.md`."""

    @property
    def at_once(self) -> int:
        """How many runs a job may compute at the same time."""
        return 1 if self.device == "cpu" else self.runs_per_gpu

    @property
    def seeds_of_one_recipe(self) -> int:
        """How many seeds a job computes at most where it has those of one recipe: `auto` as a number."""
        return self.at_once if self.seeds_per_job == "auto" else self.seeds_per_job

    def arguments(self) -> str:
        """How a run is computed, as arguments of `scripts/train.py`."""
        return (
            f"--device {self.device} --workers {self.workers} --plots {self.plots} "
            f"--resume-every {self.resume_every_minutes:g}"
        )


class ConfigSettings(Settings):
    """The configuration. Each key can be given to Snakemake as `--config key=value`."""

    study: Annotated[
        str | Annotated[list[str], Field(min_length=1)], either("a study or a list of studies")
    ] = "digits"
    """Name of a study in `config/studies/`, path of a study file, or a list of them."""
    set: str = ""
    """Overrides of every variant's settings, separated by spaces:
    `"training.epochs=5 model.widths=[64,64]"`."""
    machine: Annotated[
        Annotated[str, Tag("name")] | Annotated[MachineSettings, Tag("settings")],
        Discriminator(lambda value: "name" if isinstance(value, str) else "settings"),
    ] = MachineSettings()
    """Paths and device, here or as the name of a file in `config/presets/machine/`."""
    partial: Flag = False
    """Report on the runs that exist and name those that do not, instead of running them."""
    smoke: Flag = False
    """A quick try: one epoch, the first two seeds. Its results have addresses of their own."""
    identity: IdentitySettings = IdentitySettings()
    """What else an address depends on."""
