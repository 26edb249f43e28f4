"""Amounts and places as people write them: read as Snakemake reads them, or refused with the nearest right one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asking import Project
from assay.errors import UserError
from assay.settings.cluster import ClusterSettings
from assay.settings.resources import megabytes, minutes, time_text
from snakemake.resources import Resource


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.mark.parametrize("text", ["1m", "90m", "4h", "2d", "1d 12h", "2d 3h 4m", "1000h"])
def test_a_time_is_read_as_snakemake_reads_it(text: str) -> None:
    together = text.replace(" ", "")  # which Snakemake does not know
    parts = [Resource.parse_human_friendly("runtime", part) for part in text.split()]
    assert minutes(together) == sum(map(int, parts)) == minutes(time_text(minutes(together)))


@pytest.mark.parametrize("text", ["1MB", "500MB", "16GB", "1.5GB", "0.25TB", "2TB"])
def test_memory_is_read_as_snakemake_reads_it(text: str) -> None:
    assert megabytes(text) == Resource.parse_human_friendly("mem", text)


@pytest.mark.parametrize(
    ("stage", "given", "said"),
    [
        ("train", {"runtime": "4 hours"}, "train.runtime: must be a time such as 30m, 4h or 1d12h, not '4 hours'; did you mean 4h?"),
        ("train", {"runtime": 90}, "not 90; did you mean 90m or 90h or 90d?"),
        ("train", {"runtime": "1.5h"}, "not '1.5h'; did you mean 90m?"),
        ("train", {"runtime": "h4"}, "train.runtime: must be a time such as 30m, 4h or 1d12h, not 'h4'"),
        ("train", {"runtime": "0d"}, "train.runtime: must be a time"),
        ("report", {"memory": "16G"}, "report.memory: must be an amount of memory such as 500MB or 16GB, not '16G'; did you mean 16GB?"),
        ("report", {"memory": True}, "report.memory: must be an amount of memory such as 500MB or 16GB, not True"),
        ("train", {"cpus": 0}, "train.cpus: "),
        ("train", {"gpu_type": "a 100"}, "train.gpu_type: must be the name of a type of GPU, such as a100, not 'a 100'"),
        ("train", {"gpus": 0, "gpu_type": "a100"}, "train: gpu_type: 'a100' is the type of no GPU: gpus is 0"),
        ("train", {"gpu": 1}, "train.gpu: unknown key; did you mean 'gpus'?"),
        ("compare", {"gpus": 1}, "compare.gpus: unknown key"),
        ("evaluate", {}, "resources.evaluate: unknown key; valid: aggregate, compare, prepare, report, train"),
    ],
)  # fmt: skip
def test_a_wrong_amount_is_named_with_the_nearest_right_one(
    stage: str, given: Any, said: str, project: Project
) -> None:
    with pytest.raises(UserError) as error:
        project.plan({stage: given})
    assert str(error.value).startswith("config/studies/small.yaml:") and said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ({"partition": "a b"}, "machine.cluster.partition: must be a name without spaces, not 'a b'"),
        ({"time_limit": "1 day"}, "machine.cluster.time_limit: must be a time such as"),
        ({"extra": "--mem 4G"}, "machine.cluster.extra: --mem is given by the workflow and cannot be given here; set resources."),
        ({"extra": "--nice=1 -p gpu"}, "--partition is given by the workflow and cannot be given here; set machine.cluster.partition"),
        ({"gpu": {"extra": "--gres=gpu:1"}}, "machine.cluster.gpu.extra: --gres is given"),
        ({"extra": "--nice=1; rm x"}, "has a sign that a shell would read"),
        ({"extra": "exclusive"}, "'exclusive' is no option of sbatch; did you mean '--exclusive'?"),
        ({"queue": "x"}, "machine.cluster.queue: unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_place_is_named(cluster: Any, said: str, project: Project) -> None:
    with pytest.raises(UserError, match=r"^config/config.yaml: machine\.cluster\.") as error:
        project.plan(machine={"cluster": cluster})
    assert said in str(error.value)


def test_what_slurm_s_plugin_refuses_is_refused_before() -> None:
    validation = pytest.importorskip("snakemake_executor_plugin_slurm.validation")
    for pattern in validation.get_forbidden_slurm_options():
        for option in pattern.replace(r"[=\s]", "=").replace(r"\s?", " ").replace(r"\s", " ").split("|"):
            with pytest.raises(ValueError, match="given by the workflow"):
                ClusterSettings(extra=f"--nice=1 {option}1")
    assert ClusterSettings(extra="--exclude=node1 --nodelist=x --mail-type=END").extra
