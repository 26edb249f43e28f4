"""`assay cluster check`: what Slurm says, held against what a study asks for. Its programs are stand-ins here."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import yaml
from assay import closure
from assay.cluster.advice import require_cluster
from assay.cluster.slurm import look
from assay.command import cluster as command
from assay.errors import UserError
from assay.plan import load_plan

LABORATORY = {
    "sinfo": "main*|up|infinite|2|mixed|4|4000|gpu:fake:2\nmain*|up|infinite|1|idle|4|4000|gpu:fake:2\n"
    "main*|up|infinite|1|down*|4|4000|gpu:fake:2\n",
    "scontrol": """\
Configuration data as of 2026-01-01T00:00:00
AccountingStorageEnforce = none
AccountingStorageType   = accounting_storage/none
ClusterName             = test
MinJobAge               = 300 sec
SLURM_VERSION           = 22.05.8

Slurmctld(primary) at login is UP
""",
}
"""What a cluster of the tests of Slurm itself prints; it has no `sacctmgr`."""

CENTRE = {
    "sinfo": "cpu|up|2-00:00:00|900|allocated|128|256000|(null)\ncpu|up|2-00:00:00|20|drained|128|256000|(null)\n"
    "small*|up|30:00|4|idle|8|16000|(null)\n"
    "gpu|up|1-00:00:00|200|mixed|64|512000|gpu:a100:4(S:0-1)\n"
    "gpu|up|1-00:00:00|10|mixed|96|1024000|gpu:h100:8(S:0-3),nvme:1\n"
    "old|drain|infinite|3|idle|16|64000|gpu:2\n",
    "scontrol": """\
AccountingStorageEnforce = associations,limits,qos,safe
AccountingStorageType   = accounting_storage/slurmdbd
ClusterName             = centre
MinJobAge               = 120 sec
SLURM_VERSION           = 24.11.5
""",
    "sacctmgr": 'case "$*" in *associations*) printf "physics|normal,long\\nbiology|normal\\n";; *) printf "%s\\n" "$DEFAULT";; esac',
}
"""What a centre prints: limits, several kinds of GPU, accounts that are demanded."""


class Site:
    """A project's folder on a login node."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        (folder / "config/studies").mkdir(parents=True)
        self.programs = folder / "programs"
        self.programs.mkdir()
        monkeypatch.setenv("PATH", f"{self.programs}:/usr/bin:/bin")
        for name in [name for name in os.environ if name.startswith("SBATCH_")]:
            monkeypatch.delenv(name)

    def install(self, slurm: dict[str, str], default: str = "", **other: str) -> None:
        """Put stand-ins on PATH, and nothing else: a real Slurm of this host is not asked."""
        for name in ("sinfo", "scontrol", "sacctmgr"):
            said = (slurm | other).get(name, "echo not configured >&2; exit 1")
            if name != "sacctmgr" and "exit" not in said:
                said = f"cat <<'END'\n{said}END"
            (self.programs / name).write_text(f"#!/bin/sh\n{said}\n")
            (self.programs / name).chmod(0o755)
        self.monkeypatch.setenv("DEFAULT", default)

    def check(
        self, capsys: pytest.CaptureFixture[str], train: Any = None, **cluster: Any
    ) -> tuple[int, list[str]]:
        """The exit code and the lines of `assay cluster check`."""
        self.configure(train, **cluster)
        code = 0
        try:
            command.run(Namespace(what="check", study=[], set="", smoke=False))
        except SystemExit as error:
            code = int(str(error.code))
        return code, capsys.readouterr().out.splitlines()

    def configure(self, train: Any = None, **cluster: Any) -> None:
        study = {"variants": {"plain": {}}, "seeds": 2, "resources": {"train": train}}
        (self.folder / "config/studies/digits.yaml").write_text(yaml.safe_dump(study))
        (self.folder / "config/config.yaml").write_text(yaml.safe_dump({"machine": {"cluster": cluster}}))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(closure, "closure", lambda entries: {"code": "0" * 64})
    monkeypatch.setattr("assay.plan.forget", lambda: None)
    monkeypatch.setattr(command, "store_problem", lambda store: None)  # whatever the tests' folder lies on
    return Site(tmp_path, monkeypatch)


def test_a_laboratory_where_nothing_needs_to_be_set(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.install(LABORATORY)
    code, lines = site.check(capsys)
    assert code == 0
    assert lines[:4] == [
        "cluster test, Slurm 22.05.8",
        "partition  ends jobs after  nodes  CPUs  memory  GPUs",
        "main       never            4      4     4.0 GB  2 fake  default, 1 of them take no jobs now",
        "accounting: off; give no account",
    ]
    assert "  train      1 CPU, 2.0 GB, 15m" in lines and "  sent to    the default partition" in lines
    assert lines[-1] == "ready, with 3 nodes: snakemake --profile slurm"


def test_a_centre_says_what_to_set_and_that_does(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.install(CENTRE)
    train = {"gpus": 1, "gpu_type": "a100", "runtime": "3d", "memory": "300GB"}
    code, lines = site.check(capsys, train)
    assert code == 1 and "small 30m 4 8 16.0 GB none default" in [" ".join(line.split()) for line in lines]
    assert "accounting: on; an account is demanded; yours: biology, physics" in lines
    told = "\n".join(lines)
    config, study = "config/config.yaml: machine.cluster", "config/studies/digits.yaml: resources.train"
    assert (
        f"{config}.account: the cluster demands an account; yours: biology, physics; set it here, or ASSAY_ACCOUNT"
        in told
    )
    assert (
        f"{study}.gpus: partition 'small' has no GPU; there are some in 'gpu' and 'old': set machine.cluster.gpu.partition: gpu"
        in told
    )
    site_set = {"account": "physics", "partition": "cpu", "gpu": {"partition": "gpu"}}
    code, lines = site.check(capsys, train, **site_set)
    [runtime, age] = [line for line in lines if line.startswith(("config/", "Slurm"))]
    assert code == 1 and runtime.startswith(
        f"{study}.runtime: a job asks for 3d, and partition 'gpu' ends jobs after 1d; set machine.cluster.time_limit: 1d"
    )
    assert age.startswith("Slurm: MinJobAge: 120 s")
    site.install(CENTRE, scontrol=CENTRE["scontrol"].replace("120", "300"))
    code, lines = site.check(capsys, train, **site_set, time_limit="1d")
    assert code == 0 and lines[-1] == "ready, with 900 nodes: snakemake --profile slurm"


@pytest.mark.parametrize(
    ("train", "cluster", "said"),
    [
        ({"gpus": 6, "gpu_type": "a100"}, {}, "train.gpus: 6, and a node of partition 'gpu' has at most 4"),
        ({"gpus": 9}, {}, "train.gpus: 9, and a node of partition 'gpu' has at most 8"),
        ({"gpus": 1, "gpu_type": "a10"}, {}, "train.gpu_type: 'a10' is no type of GPU in partition 'gpu'; did you mean 'a100'? valid: a100, h100"),
        ({"gpus": 1, "memory": "2TB"}, {}, "train.memory: a job asks for 2.0 TB, and the largest node of partition 'gpu' has 1.0 TB"),
        ({"gpus": 1, "gpu_type": "a100", "memory": "600GB"}, {}, "train.memory: a job asks for 600 GB, and the largest node of partition 'gpu' with such GPUs has 512 GB"),
        ({"cpus": 200}, {}, "train.cpus: a job asks for 200, and a node of partition 'cpu' has at most 128"),
        ({}, {"partition": "gpus"}, "cluster.partition: 'gpus' is no partition of this cluster; did you mean 'gpu'? valid: cpu, gpu, old, small"),
        ({}, {"partition": "old"}, "cluster.partition: 'old' is closed: jobs wait there until it is opened"),
        ({}, {"account": "phyics"}, "cluster.account: 'phyics' is no account of"),
        ({}, {"qos": "lnog"}, "cluster.qos: 'lnog' is not allowed to you; did you mean 'long'? valid: long, normal"),
    ],
)  # fmt: skip
def test_what_will_not_go_well_is_said(
    train: Any, cluster: Any, said: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.install(CENTRE, scontrol=CENTRE["scontrol"].replace("120", "300"))
    usual = {"account": "physics", "partition": "cpu", "time_limit": "1d", "gpu": {"partition": "gpu"}}
    code, lines = site.check(capsys, train, **usual | cluster)
    [told] = [line for line in lines if line.startswith(("config/", "Slurm"))]
    assert code == 1 and said in told


def test_a_cluster_without_a_gpu_or_a_default_partition(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.install(LABORATORY, sinfo="main|up|infinite|1|idle|4|4000|(null)\n")
    _, lines = site.check(capsys, {"gpus": 1}, gpu={"partition": "main"})
    assert (
        "config/studies/digits.yaml: resources.train.gpus: no node of this cluster has a GPU; set machine.device: cpu, and no gpus"
        in lines
    )
    assert (
        "config/config.yaml: machine.cluster.partition: the cluster has no default partition; valid: main"
        in lines
    )


def test_a_store_without_locks_is_said(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "store_problem", lambda store: f"is {store}")
    site.install(LABORATORY)
    code, lines = site.check(capsys)
    assert code == 1 and lines[-1] == "config/config.yaml: machine.results: 'results' is results"


def test_programs_that_are_missing_or_fail_are_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = site.check(capsys)
    absent = not any(Path(folder, "sinfo").exists() for folder in ("/usr/bin", "/bin"))
    if absent:
        assert code == 1 and "sinfo: is not installed here, or not on PATH" in lines
        assert "no Slurm answers here: call this on a login node of the cluster" in lines
    site.install({"sinfo": "echo sinfo: error: no contact >&2; exit 1"}, scontrol="exit 3")
    code, lines = site.check(capsys)
    assert code == 1 and lines[:2] == ["sinfo: sinfo: error: no contact", "scontrol: ended with exit code 3"]
    site.install(CENTRE, sacctmgr="exit 1")
    told = "\n".join(site.check(capsys)[1])
    assert "an account is demanded; yours are not known" in told
    assert "demands an account; which are yours, its administrators know; set it here" in told


def test_time_limits_and_gpus_as_slurm_writes_them(site: Site) -> None:
    limits = {"infinite": None, "n/a": None, "30:00": 30, "2:00:00": 120, "1-12:00:00": 2160, "5": 0}
    text = "".join(f"p{n}|up|{limit}|1|idle|1|1000|(null)\n" for n, limit in enumerate(limits))
    gres = {"gpu:4": {"": 4}, "gpu:a:2,gpu:b:1(S:0)": {"a": 2, "b": 1}, "gpu": {"": 1}, "shard:8,nvme": {}}
    text += "".join(f"g{n}|up|1:00|1|idle|1|1000|{gpus}\n" for n, gpus in enumerate(gres))
    site.install(LABORATORY, sinfo=text + "a line that is none\n")
    nodes = look().nodes
    assert [group.longest for group in nodes[:6]] == list(limits.values())
    assert [group.gpus for group in nodes[6:]] == list(gres.values())


@pytest.mark.parametrize(
    ("slurm", "default", "cluster", "said"),
    [
        (LABORATORY, "", {}, ""),
        (LABORATORY, "", {"account": "physics"}, "'physics' is given, and this cluster keeps no accounts: leave it out"),
        (LABORATORY, "", {"partition": "man"}, "'man' is no partition of this cluster; did you mean 'main'?"),
        (CENTRE, "", {}, "the cluster demands an account; yours: biology, physics"),
        (CENTRE, "physics", {}, ""),
        (CENTRE, "", {"account": "physics"}, ""),
        ({}, "", {}, ""),  # who gives no answer now may do so later
    ],
)  # fmt: skip
def test_what_the_cluster_would_refuse_job_by_job_is_refused_at_once(
    slurm: dict[str, str], default: str, cluster: Any, said: str, site: Site
) -> None:
    site.install(slurm, default)
    site.configure(**cluster)
    plan = load_plan()
    if not said:
        require_cluster(plan)
        return
    with pytest.raises(UserError, match=r"^config/config.yaml: machine.cluster.") as error:
        require_cluster(plan)
    assert said in str(error.value) and "\n" not in str(error.value)
