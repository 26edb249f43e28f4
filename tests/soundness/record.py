"""Which modules and files of the project and the user each job really loads: the jobs are run, and asked.

    python -c "$(cat record.py)" STUDY FOLDER...      in the project's folder; prints JSON

Every job is its real program, in a process of its own that is forked from one in which the installed
packages, and nothing of the project's, are imported already. FOLDERs are those whose files are noted. Nothing
of `assay.closure` is asked: what a job has loaded is what Python has loaded when the job is over.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGES = (
    *("torch", "torch._dynamo", "torch.distributed", "torch.utils.data", "numpy", "pandas", "pydantic"),
    *("sklearn.datasets", "sklearn.model_selection", "scipy.stats", "matplotlib.figure", "jinja2", "yaml"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"),
)
"""What jobs import of installed packages, to be imported once."""


def forked(work: Callable[[], Any]) -> Any:
    """What `work` returns, plain data, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a program says is no result
            result = json.dumps(work())
            with os.fdopen(writing, "w") as file:
                file.write(result)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    if os.waitpid(child, 0)[1]:
        sys.exit("a job failed")
    return json.loads(text)


def programs(study: str) -> list[tuple[list[tuple[str, str]], list[list[str]]]]:
    """What is to be run, in order: the recipes, and the command lines of one seed that compute them.

    The jobs after evaluation load the same whatever variant they are for, so they share a process.
    """
    from assay.jobs import jobs
    from assay.places import split_folder
    from assay.plan import load_plan

    plan = load_plan({"study": study})
    plan.write_recipes()
    store, found, shared = plan.store, [], {}
    for job in jobs(plan.studies[0]):
        recipe, stage, out = job.recipe, job.recipe.stage.split("/")[0], job.folder(plan.store)
        command = [
            f"scripts/{stage}.py",
            "--recipe",
            f"{recipe.folder(store)}/recipe.yaml",
            "--out",
            f"{out}",
        ]
        trained = recipe if stage == "train" else recipe.embedded.get("train")
        if stage in ("train", "evaluate") and trained is not None:
            data = trained.embedded["prepare"]
            command += ["--prepared", f"{data.folder(store)}/{split_folder(data, 0)}"]
        if stage == "prepare":
            command += ["--split", job.part]
        elif stage == "train":
            command += ["--planned", "--quiet", "--device", "cpu", "--seed", job.part.removeprefix("seed-")]
        elif stage == "evaluate" and trained is not None:
            command += ["--device", "cpu", "--run", f"{trained.folder(store)}/{job.part}"]
        elif stage == "compare":
            command += ["--runs", f"{store}/aggregate/study/{recipe.upstream['aggregate/study']}/runs.csv"]
        else:
            command += ["--store", f"{store}"]
        place = (recipe.stage, job.variant or "")
        if stage in ("prepare", "train", "evaluate"):
            found.append(([place], [command]))
        else:
            places, commands = shared.setdefault(stage, ([], []))
            places.append(place)
            commands.append(command)
    return [*found, *shared.values()]


def loaded(commands: list[list[str]], folders: list[str]) -> list[str]:
    """Run programs; the files below the folders that they have loaded as modules or opened otherwise."""
    opened: set[str] = set()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            opened.add(os.path.abspath(arguments[0]))

    sys.addaudithook(note)
    program = importlib.import_module("assay.program")
    program.leave = lambda: None  # type: ignore[attr-defined]
    for command in commands:
        sys.argv = command
        with (
            contextlib.suppress(SystemExit) if command[0].endswith("compare.py") else contextlib.nullcontext()
        ):
            runpy.run_path(command[0], run_name="__main__")
    modules = {getattr(module, "__file__", None) for module in sys.modules.values()}
    # every job looks at sources to verify its address: what of them it has run is in sys.modules
    files = modules | {path for path in opened if not path.endswith(".py") and "__pycache__" not in path}
    return sorted(f for f in files if f and any(Path(f).is_relative_to(folder) for folder in folders))


def main() -> None:
    """Print [recipes, files] of every process."""
    study, *folders = sys.argv[1:]
    sys.path.insert(0, os.path.abspath("scripts"))
    for name in PACKAGES:
        importlib.import_module(name)
    assert not any(name.split(".")[0] == "assay" for name in sys.modules)
    found = [
        (places, forked(lambda: loaded(commands, folders)))  # noqa: B023
        for places, commands in forked(lambda: programs(study))
    ]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
