"""Many short runs on a Slurm of this machine's own, a seed a job and several: jobs submitted, and wall time.

The cluster is that of `tests/slurm` (root, and Debian's slurmctld and slurmd); Snakemake watches it as the profile
says. What is measured ends with the last run's evaluation: tables and report are left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, Figures, in_turn, median, parser, show

sys.path.insert(0, str(ROOT / "tests"))
from slurm.cluster import missing, running
from slurm.conftest import Clone, fresh

STUDY = """\
base: {{model: {{name: mlp, widths: [8]}}, training: {{epochs: 5}}}}
variants: {{first: {{}}, second: {{training.learning_rate: 0.002}}, third: {{training.learning_rate: 0.003}}}}
seeds: {seeds}
resources: {{train: {{memory: 1GB}}}}
"""


def main() -> None:
    """Measure, and show."""
    options = parser(__doc__)
    options.add_argument("--seeds", type=int, default=20, help="of each of 3 variants (default 20)")
    options.add_argument("--seeds-per-job", type=int, nargs="+", default=[1, 10], help="(default 1 10)")
    arguments = options.parse_args()
    if reason := missing():
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as folder, running():
        made = {}
        for number in arguments.seeds_per_job:
            clone = fresh(Path(folder, str(number)), {"short": STUDY.format(seeds=arguments.seeds)})
            made[number] = clone
        found = in_turn(
            {str(number): lambda c=clone, n=number: _measure(c, n) for number, clone in made.items()},
            arguments.repetitions,
        )
    rows = [
        {
            "seeds a job": name,
            "jobs submitted": int(median(figures, "jobs")),
            "seconds": median(figures, "seconds"),
        }
        for name, figures in found.items()
    ]
    show("slurm_jobs", rows, arguments.json, runs=3 * arguments.seeds, repetitions=arguments.repetitions)


def _measure(clone: Clone, seeds_per_job: int) -> Figures:
    """A call of Snakemake in a clone that has prepared data, and no runs."""
    root = clone.project.root
    for stage in ("train", "evaluate"):
        subprocess.run(["rm", "-rf", str(root / "results" / stage)], check=True)
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "--omit-from", "aggregate_variant"]
    given = ["--config", f"machine={{'seeds_per_job': {seeds_per_job}}}"]
    began, clock = time.perf_counter(), time.time()
    done = subprocess.run([*command, *given], cwd=root, env=os.environ, text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stderr)
    seconds = time.perf_counter() - began
    receipts = list((root / "results/evaluate").glob("*/*/receipt.json"))
    assert min(path.stat().st_mtime for path in receipts) >= clock
    jobs = len(re.findall(r"has been submitted with SLURM jobid", done.stderr))
    return {"seconds": seconds, "jobs": float(jobs)}


if __name__ == "__main__":
    main()
