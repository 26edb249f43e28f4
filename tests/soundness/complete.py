"""Make the store look as if every result of a study were there: the files that Snakemake looks for, empty.

Run in the project's folder: PYTHONPATH=scripts python complete.py STUDY; prints JSON.
"""

from __future__ import annotations

import json
import sys

from assay.jobs import jobs
from assay.plan import load_plan

BESIDE = {
    "aggregate/study": ["summary.csv"],
    "compare": ["comparisons.csv"],
    "report": ["report.html", "figures/one.svg"],
}
"""What rules make beside their receipts."""

plan = load_plan({"study": sys.argv[1]})
plan.write_recipes()
found = [job for study in plan.studies for job in jobs(study)]
for job in found:
    for name in ("receipt.json", *BESIDE.get(job.recipe.stage, [])):
        path = job.folder(plan.store) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
print(json.dumps(len(found)))
