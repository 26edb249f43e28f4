"""The benchmarks run, on the smallest work: their figures are no test's business."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from conftest import ROOT

TINY = {
    "loop": ("--models", "mlp", "--epochs", "1", "--without-frameworks"),
    "memory": ("--models", "mlp", "--epochs", "1"),
    "start": (),
}


def rows(name: str) -> dict[str, dict[str, Any]]:
    """What a benchmark's line of JSON says, by its candidates."""
    command = [sys.executable, f"tests/benchmarks/{name}.py", "--repetitions", "1", *TINY[name]]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["benchmark"] == name
    return {row.get("candidate") or row["what"]: row for row in told["rows"]}


@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_runs_and_tells_of_every_candidate(name: str) -> None:
    found = rows(name)
    assert len(found) == {"loop": 3, "memory": 2, "start": 3}[name]
    assert next(iter(found.values())).get("ratio", 1.0) == 1.0  # the first is what others are compared with
