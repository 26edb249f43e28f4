"""What a training job costs before its first step, relative to `import torch` alone; each in its own process.

imports    everything that the job has imported by its first step, and nothing else
job        `scripts/train.py` from its start to its first step: with the recipe, the data, the model
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assay.commands import arguments, program_file
from assay.recipe import from_yaml
from assay.settings.config import MachineSettings
from measuring import ENVIRONMENT, Figures, in_turn, measured, median, parser, ratio, show

TORCH = "import torch"
BY_HAND = ["scripts/train.py", "--quiet", "--set", "training.callbacks=[first_step:Leave]"]
LIBRARIES = ("sklearn", "scipy", "pandas", "matplotlib", "torch._dynamo")
"""That no training job needs."""


def main() -> None:
    """Measure, and show."""
    options = parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        modules, program = Path(folder, "modules"), Path(folder, "imports.py")
        environment = ENVIRONMENT | {"ASSAY_RESULTS": f"{folder}/store", "MODULES": str(modules)}
        measured(BY_HAND, environment)  # prepares the data and writes the recipe
        job = planned(Path(folder))
        measured(job, environment)

        def imported() -> Figures:
            program.write_text(imports(json.loads(modules.read_text())))
            return measured([str(program)], environment)

        candidates = {
            TORCH: lambda: measured(["-c", f"{TORCH}, os; os._exit(0)"], environment),
            "job": lambda: measured(job, environment),
            "imports": imported,
        }
        found = in_turn(candidates, options.repetitions)
        heavy = [name for name in LIBRARIES if name in json.loads(modules.read_text())]
    rows = [
        {
            "what": name,
            "seconds": median(found[name], "seconds"),
            "ratio": ratio(found[name], found[TORCH], "seconds"),
            "by CPU time": ratio(found[name], found[TORCH], "cpu"),
        }
        for name in found
    ]
    show("start", rows, options.json, repetitions=options.repetitions, libraries=heavy)


def planned(folder: Path) -> list[str]:
    """The call of a job that the workflow plans."""
    [file], [prepared] = folder.glob("store/train/*/recipe.yaml"), folder.glob("store/prepare/*/fixed")
    recipe, machine = from_yaml(file), MachineSettings(results=f"{folder}/store")
    given = arguments(recipe, "seed-0", file, [prepared], machine, folder / "store")
    return [str(program_file(recipe)), *given, "--out", f"{folder}/run"]


def imports(modules: Sequence[str]) -> str:
    """A program that imports what a job had imported, in the job's way: torch last but for what needs it."""
    own = [name for name in modules if name.split(".")[0] == "assay"]
    first = [name for name in own if not name.startswith(_WITH_TORCH)]
    rest = [name for name in modules if name.split(".")[0] in ("numpy", "torch", "yaml", "pydantic")]
    lines = ["import argparse, logging", *(f"import {name}" for name in first)]
    lines += ["assay.numerics.import_torch()", *(f"import {name}" for name in own)]
    lines += [f"try: import {name}\nexcept ImportError: pass" for name in rest]
    return "\n".join([*lines, "import os", "os._exit(0)"]) + "\n"


_WITH_TORCH = (
    *("assay.training", "assay.tasks", "assay.models", "assay.losses", "assay.optimizers"),
    *("assay.schedulers", "assay.callbacks", "assay.layers", "assay.augmentations"),
)

if __name__ == "__main__":
    main()
