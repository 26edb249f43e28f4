"""What waits in a queue, and what no queue takes."""

from __future__ import annotations

from pathlib import Path

from slurm.cluster import NODES, Cluster, command
from slurm.conftest import fresh

STUDY = """\
question: Which loss?
base:
  data: {source: digits}
  model: {name: mlp, widths: [4]}
  training: {epochs: 1}
variants:
  plain: {}
  focal: {loss: focal}
seeds: 100
"""


def test_an_unknown_partition_is_one_clear_message(cluster: Cluster, tmp_path: Path) -> None:
    outcome = fresh(tmp_path / "clone", {"many": STUDY}).call(ASSAY_PARTITION="mian")
    assert outcome.code == 1
    assert outcome.text.count("'mian' is no partition of this cluster; did you mean 'main'?") == 1
    assert "machine.cluster.partition" in outcome.text
    assert cluster.jobs() == []


def test_two_hundred_jobs_are_queued_watched_together_and_cancelled(cluster: Cluster, tmp_path: Path) -> None:
    clone = fresh(tmp_path / "clone", {"many": STUDY})
    prepared = clone.project.snakemake("--until", "prepare")
    assert prepared.code == 0, prepared.text
    command("scontrol", "update", f"NodeName={','.join(NODES)}", "State=DRAIN", "Reason=test")
    call = clone.start()
    call.wait_until(lambda: len(cluster.jobs("PENDING")) == 200, "200 jobs are queued", 60)
    call.interrupt()
    outcome = call.outcome(60)
    assert outcome.code != 0
    assert cluster.jobs("PENDING,RUNNING,COMPLETING") == []
    assert "200 missing" in outcome.text or "many: no report yet" in outcome.text
    assert clone.runs("*/receipt.json") == []
