"""The profiles of clusters: every key is an option, of Snakemake or of the official plugin, and jobs ask in its names."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from assay.needs import Needs
from assay.scheduler_names import named
from assay.settings.cluster import ClusterSettings
from conftest import ROOT
from snakemake.cli import get_argument_parser
from snakemake.iocontainers import ResourceList
from snakemake.resources import Resources

FOLDER = ROOT / "workflow/profiles"
PLUGINS = {"slurm": "slurm", "htcondor": "htcondor", "lsf": "lsf", "kubernetes": "local"}
"""Profile → the executor that it is for."""
KNOWN = {
    "htcondor": {"htcondor-jobdir", "htcondor-shared-fs-prefixes", "htcondor-held-timeout"},
    "lsf": set[str](),
}
"""Options of the plugins that the project does not install: of HTCondor's 0.3.0 and LSF's 0.3.3."""
NEEDS = Needs(memory=16000, minutes=240, cpus=3, gpus=2, gpu_type="a100")


def options() -> set[str]:
    """Those of Snakemake and of the plugins that are installed."""
    actions = get_argument_parser()._actions
    return {name.removeprefix("--") for action in actions for name in action.option_strings}


def profile(name: str) -> dict[str, Any]:
    content = yaml.safe_load((FOLDER / name / "config.yaml").read_text())
    assert isinstance(content, dict)
    return content


def is_installed(executor: str) -> bool:
    return (
        executor == "local" or importlib.util.find_spec(f"snakemake_executor_plugin_{executor}") is not None
    )


def test_every_profile_is_here() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {"default", *PLUGINS}


@pytest.mark.parametrize(("name", "executor"), PLUGINS.items())
def test_a_profile_s_keys_are_options(name: str, executor: str) -> None:
    content = profile(name)
    assert content.get("executor", "local") == executor
    if executor == "slurm" and not is_installed(executor):
        pytest.skip("Slurm's plugin is not installed")
    own = {key for key in content if key.startswith(f"{executor}-")}
    if executor in KNOWN:
        assert own <= KNOWN[executor]
    if is_installed(executor):
        assert KNOWN.get(executor, set()) <= options()
    else:
        content = {key: value for key, value in content.items() if key not in own}
    assert content.keys() <= options()
    # the default profile goes before one that `--profile` names
    assert not content.keys() & yaml.safe_load(next((FOLDER / "default").iterdir()).read_text()).keys()
    for resource in content.get("default-resources", []):
        Resources.parse([resource], allow_expressions=True)


def test_files_of_other_nodes_are_waited_for_as_long_as_the_page_says() -> None:
    assert "`latency-wait`, a minute" in (ROOT / "docs/cluster.md").read_text()
    assert yaml.safe_load(next((FOLDER / "default").iterdir()).read_text())["latency-wait"] == 60


@pytest.mark.parametrize("name", PLUGINS)
def test_a_profile_plans_a_study(name: str, tmp_path: Path) -> None:
    if not is_installed(PLUGINS[name]):
        pytest.skip(f"snakemake-executor-plugin-{PLUGINS[name]} is not installed")
    (tmp_path / "profile").mkdir()
    shutil.copy(FOLDER / name / "config.yaml", tmp_path / "profile")
    asked = "".join(f"        {key}={value!r},\n" for key, value in asks(name).items())
    (tmp_path / "Snakefile").write_text(
        f"rule train:\n    output: 'x'\n    resources:\n{asked}    shell: 'touch x'\n"
    )
    command = [sys.executable, "-m", "snakemake", "--profile", "profile", "-n"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr
    for key, value in asks(name).items():
        assert f"{key}={value}" in told


def asks(name: str) -> dict[str, Any]:
    """What a job asks for, in a scheduler's names."""
    scheduler = name if name in ("htcondor", "lsf") else "slurm"
    cluster = ClusterSettings(
        scheduler=scheduler, partition="cpu", account="physics", gpu={"partition": "gpu"}
    )  # type: ignore[arg-type]
    return named(NEEDS, cluster, "train")


def test_lsf_s_plugin_makes_of_it_what_was_asked() -> None:
    assert asks("lsf") == {
        "mem_mb": 16000, "runtime": 240, "cpus_per_task": 3,
        "lsf_queue": "gpu", "lsf_project": "physics", "lsf_extra": "-gpu num=2:gmodel=a100",
    }  # fmt: skip
    plugin = pytest.importorskip("snakemake_executor_plugin_lsf")
    job = SimpleNamespace(resources=ResourceList(fromdict=asks("lsf")), threads=1, is_group=lambda: False)
    executor = plugin.Executor.__new__(plugin.Executor)
    executor.lsf_config = {"LSF_MEMFMT": "perjob", "LSF_UNIT_FOR_LIMITS": "MB"}
    assert executor.get_project_arg(job) + executor.get_queue_arg(job) == " -P physics -q gpu"
    assert (executor.get_cpus(job), executor.get_mem(job)) == (3, 16000)
    assert executor.process_time(job.resources.runtime) == 240


def test_htcondor_s_plugin_knows_the_names() -> None:
    assert asks("htcondor") == {
        "htcondor_request_mem_mb": 16000, "request_gpus": 2, "require_gpus": 'regexp("a100", DeviceName, "i")',
    }  # fmt: skip
    spec = importlib.util.find_spec("snakemake_executor_plugin_htcondor")
    if spec is None or spec.origin is None:
        pytest.skip("snakemake-executor-plugin-htcondor is not installed")
    source = Path(spec.origin).read_text()
    named_there = set(re.findall(r'"(\w+)"', source))
    constraint = named(NEEDS, ClusterSettings(scheduler="htcondor", constraint="HasAvx"), "train")
    assert {*asks("htcondor"), *constraint} <= named_there
