"""Receipts that are gone though their results are finished: put back before Snakemake looks for them."""

from __future__ import annotations

import os

from assay import finished
from assay.jobs import jobs
from assay.plan import Plan
from assay.store import RECEIPT, held


def restore(plan: Plan) -> None:
    """Put back receipts that another call of the workflow deleted when it began what was finished already.

    Only what is as it was sealed gets its receipt; what is damaged counts as finished no more. Results that
    another process holds are left to it, and so are those in a store that one may only read.
    """
    for study in plan.studies:
        for job in jobs(study):
            name = f"{plan.store}/{job.place.path}"
            if os.path.exists(f"{name}/{RECEIPT}") or not os.path.exists(f"{name}/{finished.SEAL}"):
                continue
            folder = job.folder(plan.store)
            if not os.access(folder, os.W_OK):
                continue
            with held(folder) as is_held:
                if is_held:
                    finished.find(folder)
