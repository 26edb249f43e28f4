"""A project of one study, and what its jobs ask a cluster for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from assay.plan import Plan, load_plan
from assay.resources import Requests

STUDY: dict[str, Any] = {
    "base": {"model": {"name": "mlp", "widths": [8]}, "training": {"epochs": 3}},
    "variants": {"plain": {}, "wide": {"model.widths": [9]}, "unmeasured": {"evaluation.enabled": False}},
    "seeds": 2,
    "comparisons": {"metric": "val_accuracy"},
}


class Project:
    """A folder with one study."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "config/studies").mkdir(parents=True)

    def plan(self, resources: Any = None, machine: Any = None, name: str = "small", **more: Any) -> Plan:
        study = STUDY | ({} if resources is None else {"resources": resources})
        (self.folder / f"config/studies/{name}.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
        return load_plan({"study": name, "machine": machine or {}} | more)

    def asks(
        self, resources: Any = None, machine: Any = None, seeds: int = 1, **environment: str
    ) -> dict[str, Any]:
        """What a job of the first variant's runs asks for."""
        plan = self.plan(resources, machine)
        measured = plan.studies[0].variants[0].measured
        return Requests(plan, environment).of(measured.stage, measured.address, seeds)
