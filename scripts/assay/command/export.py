"""Pack a study or a run into one archive that others can unpack, verify and rerun.

assay export digits                         digits-<digest>.tar.gz, in the current folder
assay export digits/plain/seed-0 --out DIR  one run, with the data and the runs that it reads
assay export digits --without-data          without the prepared data; their digests stay

The archive unpacks to a project that is complete: code, configuration, the study, results, what there is to
verify them (VERIFY.md). The same results give the same bytes. What a run records of where it was computed
(environment.json, train.log: host, paths; uncommitted.patch: the author's changes) is part of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from assay.archive.export import export
from assay.archive.manifest import Manifest
from assay.archive.selection import Selection, of_run, of_study
from assay.command.progress import Progress
from assay.configuration import Configuration, configure
from assay.errors import UserError, choose
from assay.plan import load_plan
from assay.words import counted, size_text

_STUDIES = Path("config/studies")
_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument(
        "name", metavar="STUDY|RUN", help="a study; or a run, as study/variant/seed-N or address/N"
    )
    parser.add_argument(
        "--out", type=lambda text: Path(os.path.abspath(text)), default=".", metavar="FILE",
        help="the archive, or a folder for it (default: the current folder)",
    )  # fmt: skip
    parser.add_argument("--without-data", action="store_true", help="leave out prepared data")
    parser.add_argument(
        "--with-data-files", action="store_true", help="add the files that data are prepared from"
    )
    parser.add_argument("--partial", action="store_true", help="export what exists of a study")
    parser.add_argument("--set", default="", help="the overrides that Snakemake was given")
    parser.add_argument("--smoke", action="store_true", help="of the quick try")


def run(arguments: argparse.Namespace) -> None:
    """Write the archive, and say what is in it."""
    if os.environ.get("ASSAY_SEED"):
        raise UserError("ASSAY_SEED is set: an archive has the seeds that the study names; unset it")
    without = arguments.without_data
    selection, configuration = _selected(arguments)
    if not arguments.partial:
        _require_finished(selection, without)
    progress = Progress()
    try:
        made = export(
            selection, configuration, arguments.out, progress.say, without, arguments.with_data_files
        )
    finally:
        progress.clear()
    _tell(made.path, made.manifest)


def _selected(arguments: argparse.Namespace) -> tuple[Selection, Configuration]:
    """What is to be exported, and the configuration that it was planned with."""
    name = arguments.name
    if not (name.endswith((".yaml", ".yml")) or (_STUDIES / f"{name}.yaml").is_file()):
        if arguments.set or arguments.smoke or arguments.partial:
            raise UserError(f"{name!r} is a run; --set, --smoke and --partial are for studies")
        configuration = configure()
        return _run(configuration, name), configuration
    changes = {"study": [name], "set": arguments.set, "smoke": arguments.smoke}
    selection, configuration = _study(changes)
    if arguments.partial and selection.missing:
        return _study({**changes, "partial": True})
    return selection, configuration


def _study(changes: dict[str, Any]) -> tuple[Selection, Configuration]:
    configuration = configure(**changes)
    settings = configuration.settings
    overrides = {key: getattr(settings, key) for key in ("set", "smoke", "partial") if getattr(settings, key)}
    return of_study(load_plan(**changes), overrides), configuration


def _run(configuration: Configuration, name: str) -> Selection:
    try:
        return of_run(configuration.store, name)
    except UserError as error:
        if "/" in name or not str(error).startswith("there is no run"):
            raise
        names = [path.stem for path in _STUDIES.glob("*.yaml")]
        raise UserError(f"there is no study and no run {name!r}; {choose(name, names, 'study')}") from error


def _require_finished(selection: Selection, without_data: bool) -> None:
    """Refuse what is not finished; prepared data that are left out need not be there.

    Raises:
        UserError: says what is missing, and what to do.
    """
    needless = ("prepare",) if without_data else ()
    missing = [*selection.absent]
    missing += [words for result, words in selection.missing.items() if result.stage not in needless]
    if not missing:
        return
    named = "; ".join(missing[:_SHOWN]) + ("; …" if len(missing) > _SHOWN else "")
    there = f"{counted(len(missing), 'result')} {'is' if len(missing) == 1 else 'are'} missing: {named}"
    if selection.plan is None:
        raise UserError(f"{selection.exported['run']}: {there}")
    name = selection.exported["study"]
    raise UserError(
        f"{name}: {there}. `snakemake --cores N --config study={name}` makes what is missing; "
        "--partial exports what exists"
    )


def _tell(path: Path, manifest: Manifest) -> None:
    """What was written, and what was not: paths on stdout, warnings on stderr."""
    counts = f"{counted(len(manifest.results), 'result')}, {counted(len(manifest.files), 'file')}"
    print(f"{path}: {counts}, {size_text(path.stat().st_size)}")
    said = []
    if manifest.missing:
        said.append(f"missing: {'; '.join(manifest.missing)}")
    if manifest.left_out:
        sets = counted(len(manifest.left_out), "prepared data set")
        said.append(f"left out: {sets}; MANIFEST.json has the digests")
    if apart := [name for name, file in manifest.data_files.items() if not file.included]:
        lost = "" if manifest.exported.get("run") else "; without, a reader verifies runs, but plans no study"
        said.append(f"left out: {', '.join(apart)}{lost}; --with-data-files adds what is left out")
    if address := manifest.exported.get("address_now"):
        said.append(
            f"the code has changed since the run was computed, and would now give it the address {address}: "
            "who trains it again with the archive's code may get other bits"
        )
    for text in said:
        print(text, file=sys.stderr)
