"""The page "your cluster": every command of docs/cluster.md, run as it stands there, in its order."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from workflow.conftest import Project
from workflow.test_documentation import blocks, shell

from slurm.cluster import Cluster
from slurm.conftest import IMPATIENT, fresh

STUDY = "variants: {plain: {}}\nbase: {training: {epochs: 1}}\nseeds: 1\n"
"""Its quick try makes the same run, so that it is computed once."""


def test_the_commands_of_the_page_work(cluster: Cluster, tmp_path: Path) -> None:
    project = fresh(tmp_path / "clone", {"digits": STUDY, "breast_cancer": STUDY}).project
    project.edit("config/config.yaml", "study: [digits, breast_cancer]", "study: digits")
    commands = [line.split(" #")[0].strip() for line in "".join(blocks("docs/cluster.md", "sh")).splitlines()]
    assert sum(command.startswith("snakemake --profile slurm") for command in commands) >= 3
    for command in filter(None, commands):
        _works(project, command)
    assert (project.results / "studies/digits/report.html").exists()


def _works(project: Project, command: str) -> None:
    impatient = f"{shlex.quote(sys.executable)} {shlex.quote(str(IMPATIENT))} "
    outcome = shell(project, re.sub("^snakemake ", impatient, command))
    assert outcome.code == 0, f"{command}\n{outcome.text}"
    if command.startswith("assay cluster check"):
        assert "ready, with 4 nodes" in outcome.text
        assert re.search(r"^main +never +4 +2 +4\.0 GB +2 fake +default$", outcome.text, re.MULTILINE)
