"""What jobs ask a cluster for: what a study says, as Slurm's plugin passes it on, and what is estimated."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from asking import Project
from assay import closure
from assay.plan import Plan, load_plan
from assay.resources import Requests
from conftest import ROOT
from snakemake.iocontainers import ResourceList

DIGITS = {"samples": {"train": 1000}, "input_shape": [1, 8, 8]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        closure, "closure", lambda entries: {"code": "0" * 64}
    )  # reading it takes most of the time
    monkeypatch.setattr("assay.plan.forget", lambda: None)
    return Project(tmp_path)


# --- what is said


def test_a_study_s_words_become_sbatch_s(project: Project) -> None:
    submit = pytest.importorskip("snakemake_executor_plugin_slurm.submit_string")
    utils = pytest.importorskip("snakemake_executor_plugin_slurm.utils")

    def sbatch(**kind: str) -> str:
        train = {"gpus": 2, "runtime": "4h", "memory": "16GB", "cpus": 3} | kind
        gpu = {"partition": "gpu", "constraint": "nvlink", "extra": "--nice=7"}
        machine = {"cluster": {"partition": "cpu", "qos": "long", "extra": "--exclusive", "gpu": gpu}}
        asked = project.asks({"train": train}, machine)
        assert asked["slurm_partition"] == "gpu"
        job = SimpleNamespace(resources=ResourceList(fromdict=asked), threads=1)
        parameters = dict.fromkeys(
            ("run_uuid", "slurm_logfile", "comment_str", "account", "partition", "workdir"), ""
        )
        return str(submit.get_submit_command(job, parameters) + utils.set_gres_string(job))

    told = sbatch(gpu_type="a100")
    for option in ("-t 240", "--mem 16000", "--cpus-per-task=3", "--gpus=a100:2", "-C nvlink", "--qos=long"):
        assert f" {option}" in told
    assert " --signal=USR1@120 --exclusive --nice=7" in told and "-A" not in told
    # a name that the plugin takes for no type
    assert "--gpus-per-node=a100-sxm4:2" in (told := sbatch(gpu_type="a100-sxm4")) and "--gpus=" not in told


def test_a_job_of_several_seeds_asks_for_their_times_and_for_what_runs_at_once(project: Project) -> None:
    train = {"gpus": 1, "runtime": "2h", "memory": "4GB", "cpus": 3}
    amounts = ("runtime", "mem_mb", "cpus_per_task", "gpu")

    def asked(seeds: int, at_once: int, gpus: int = 1) -> list[Any]:
        found = project.asks({"train": train | {"gpus": gpus}}, {"runs_per_gpu": at_once}, seeds)
        return [found.get(name) for name in amounts]

    assert asked(1, 1) == [120, 4000, 3, 1]
    assert asked(5, 1) == [600, 4000, 3, 1]
    assert asked(5, 4) == [600, 16000, 12, 1]
    assert asked(2, 4) == [240, 8000, 6, 1]
    assert asked(5, 4, gpus=0) == [600, 4000, 3, None]


def test_no_job_asks_for_more_time_than_the_longest(project: Project) -> None:
    def runtime(given: str, seeds: int, **cluster: str) -> int:
        return int(project.asks({"train": {"runtime": given}}, {"cluster": cluster}, seeds)["runtime"])

    assert runtime("20h", 3) == 24 * 60  # a cohort is continued by its next job
    assert runtime("3d", 1) == 3 * 24 * 60  # what is said in so many words is not cut
    assert runtime("3d", 1, time_limit="12h") == 12 * 60


def test_an_estimate_is_cut_at_a_day(project: Project) -> None:
    plan = project.plan(set="training.epochs=10000000")
    measured = plan.studies[0].variants[0].measured
    assert Requests(plan, {}).of(measured.stage, measured.address)["runtime"] == 24 * 60


def test_what_two_studies_say_of_one_run_is_enough_for_both(project: Project) -> None:
    project.plan({"train": {"memory": "9GB", "runtime": "30m"}}, name="first")
    plan = project.plan({"train": {"memory": "800MB", "runtime": "2h", "cpus": 2}}, name="second")
    both = load_plan({"study": ["first", "second"]})
    measured = plan.studies[0].variants[0].measured
    found = Requests(both).of(measured.stage, measured.address)
    assert [found[name] for name in ("mem_mb", "runtime", "cpus_per_task")] == [9000, 120, 2]
    project.plan({"train": {"gpus": 0}}, name="first")
    project.plan({"train": {"gpu_type": "a100"}}, name="second")
    found = Requests(load_plan({"study": ["first", "second"]})).of(measured.stage, measured.address)
    assert (found["gpu"], found["gpu_model"]) == (1, "a100")


@pytest.mark.parametrize(
    ("configured", "environment", "expected"),
    [
        ({}, {}, None),
        ({}, {"SBATCH_ACCOUNT": "slurm"}, "slurm"),
        ({"account": "mine"}, {"SBATCH_ACCOUNT": "slurm"}, "mine"),
        ({"account": "mine"}, {"ASSAY_ACCOUNT": "now", "SBATCH_ACCOUNT": "slurm"}, "now"),
        ({"account": "mine"}, {"ASSAY_ACCOUNT": ""}, "mine"),
    ],
)
def test_the_environment_goes_before_and_slurm_s_own_after(
    configured: Any, environment: Any, expected: str | None, project: Project
) -> None:
    assert project.asks(None, {"cluster": configured}, **environment).get("slurm_account") == expected


def test_a_gpu_s_partition_from_the_environment(project: Project) -> None:
    places = {"ASSAY_PARTITION": "cpu", "ASSAY_GPU_PARTITION": "gpu"}
    asked = [project.asks({"train": {"gpus": gpus}}, **places)["slurm_partition"] for gpus in (0, 1)]
    assert asked == ["cpu", "gpu"]
    assert project.asks(None, {"device": "cuda"}, **places)["gpu"] == 1  # the machine's word is enough
    assert "gpu" not in project.asks({"train": {"gpus": 0}}, {"device": "cuda"})
    said = [
        project.asks({"train": {kind: value}})["mem_mb"]
        for kind, value in (("gpus", 1), ("gpu_type", "a100"))
    ]
    without = project.asks()["mem_mb"]
    assert said == [without + 3000] * 2 == [project.asks(None, {"device": "cuda"})["mem_mb"]] * 2


# --- what is estimated


def prepare(plan: Plan, size: int = 8 * 64) -> None:
    """Make the plan's data look prepared."""
    folder = plan.studies[0].variants[0].prepare.folder(plan.store) / "fixed"
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps(DIGITS))
    with (folder / "inputs.npy").open("wb") as file:
        file.truncate(size)
    (folder / "receipt.json").write_text("{}")


def finish(plan: Plan, seconds: float, config: str, code: str = "00000000") -> None:
    """Make a run look finished that took so long."""
    folder = plan.store / f"train/{config}-{code}/seed-0"
    folder.mkdir(parents=True)
    rows = [f"{epoch},train,{seconds / 2},1,400" for epoch in (1, 2)]
    (folder / "metrics.csv").write_text(
        "epoch,split,seconds,samples_per_second,peak_memory_mb\n" + "\n".join(rows) + "\n"
    )
    (folder / "receipt.json").write_text("{}")


def test_time_follows_from_epochs_and_samples_then_from_runs_of_the_same_settings(project: Project) -> None:
    plan = project.plan()
    first, second, _ = plan.studies[0].variants
    prepare(plan)

    def runtime(variant: Any, seeds: int = 1) -> int:
        return int(Requests(plan).of("evaluate", variant.evaluate.address, seeds)["runtime"])

    epoch = 1000 * 1e-3 + 1000 * 64 * 1e-6
    assert runtime(first) == runtime(second) == 10 + -(-(30 + 3 * epoch) // 60)
    finish(plan, 100.0, first.train.address.split("-")[0])  # under other code
    assert runtime(first) == 10 + -(-(30 + 3 * 100) // 60) and runtime(second) < runtime(first)
    assert runtime(first, seeds=10) == 10 + -(-10 * (30 + 3 * 100) // 60)
    (plan.store / "train/broken").mkdir()
    assert runtime(first) > 10


def test_memory_follows_from_the_data_and_doubles_where_it_was_not_enough(project: Project) -> None:
    plan = project.plan()
    address = plan.studies[0].variants[0].measured.address
    before = Requests(plan)
    small = before.of("evaluate", address)["mem_mb"]
    prepare(plan, size=1_000_000_000)
    large = Requests(plan).of("evaluate", address)["mem_mb"]
    assert int(large) >= int(small) + 4 * 1000
    assert before.of("evaluate", address)["mem_mb"] == large, "asked again once data are there"
    assert [Requests(plan).of("evaluate", address, 1, n)["mem_mb"] for n in (2, 3)] == [
        2 * int(large),
        4 * int(large),
    ]
    given = project.plan({"train": {"memory": "3GB"}})
    assert {Requests(given).of("evaluate", address, 1, n)["mem_mb"] for n in (1, 2, 3)} == {3000}


def test_a_rule_s_resources_are_values_where_all_of_its_jobs_ask_for_the_same(project: Project) -> None:
    plan = project.plan({"train": {"gpus": 1}}, {"cluster": {"partition": "gpu"}})
    requests = Requests(plan, {})
    found = requests.functions("train", "evaluate", seeds=2)
    values = {name: value for name, value in found.items() if not callable(value)}
    assert values == {
        "cpus_per_task": 1,
        "gpu": 1,
        "slurm_partition": "gpu",
        "slurm_extra": "--signal=USR1@120",
    }
    for variant in plan.studies[0].variants:
        stage, address = variant.measured.stage, variant.measured.address
        wildcards = SimpleNamespace(stage=stage, address=address)
        asked = {name: found[name](wildcards, attempt=1) for name in found.keys() - values.keys()}
        assert asked | values == requests.of(stage, address, 2)
    aggregated = requests.functions("aggregate/variant")
    address = plan.studies[0].variants[0].aggregate.address
    told = aggregated["mem_mb"](SimpleNamespace(address=address), attempt=1)  # type: ignore[operator]
    assert told == requests.of("aggregate/variant", address)["mem_mb"] and "slurm_extra" not in aggregated


def test_a_job_that_reads_the_plan_again_asks_for_the_same_processors(project: Project) -> None:
    plan = project.plan(machine={"device": "cuda", "cluster": {"gpu": {"partition": "gpu"}}})
    variant = plan.studies[0].variants[0]
    first = Requests(plan).of("evaluate", variant.measured.address)
    prepare(plan, size=10**9)
    finish(plan, 10_000.0, variant.train.address.split("-")[0])
    again = Requests(load_plan({"study": "small", "machine": plan.machine.model_dump()}))
    second = again.of("evaluate", variant.measured.address)
    assert {name for name in first if first[name] != second[name]} == {"mem_mb", "runtime"}


def test_ten_thousand_jobs_are_worked_out_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = project.plan()
    prepare(plan)
    requests, looks = Requests(plan), [0]
    real = os.listdir

    def counted(path: Any) -> list[str]:
        looks[0] += 1
        return real(path)

    monkeypatch.setattr("assay.estimates.os.listdir", counted)
    functions = requests.functions("train", "evaluate")
    first, memory = looks[0], functions["mem_mb"]
    wildcards = SimpleNamespace(stage="evaluate", address=plan.studies[0].variants[0].measured.address)
    assert callable(memory) and len({memory(wildcards, attempt=1) for _ in range(10_000)}) == 1
    assert looks[0] == first <= len(plan.recipes)


def test_what_the_page_shows_is_valid(project: Project) -> None:
    text = (ROOT / "docs/cluster.md").read_text()
    shown = [
        yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    ]
    [machine, resources] = shown
    plan = project.plan(resources["resources"], machine["machine"])
    asked = Requests(plan, {}).of("evaluate", plan.studies[0].variants[0].measured.address)
    assert (asked["slurm_partition"], asked["gpu_model"], asked["runtime"]) == ("gpu", "a100", 240)
    for line in re.findall(r"`(machine: \{.*?\})`[ ,]", text):
        project.plan(machine=yaml.safe_load(line)["machine"])
