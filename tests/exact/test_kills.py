"""A run that is killed again and again, at random moments, ends with the bytes of one that was left alone."""

from __future__ import annotations

import json
import subprocess
import sys

from conftest import ROOT


def test_a_run_killed_24_times_is_the_same() -> None:
    command = [sys.executable, "tests/exact/kills.py", "--kills", "24", "--seed", "1"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["kills"] == {"step": 8, "validation": 8, "writing": 8}
    assert told["different"] == []
