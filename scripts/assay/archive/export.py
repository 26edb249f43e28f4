"""Export: what was selected, with the project that made it, as one archive."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from assay import environment
from assay.archive import GUIDE, SUFFIX, guide, project, tarball
from assay.archive.contents import Contents, of_text
from assay.archive.manifest import NAME_DIGITS, SCHEMA, Manifest, digest
from assay.archive.progress import Tell, shares
from assay.archive.results import add_results
from assay.archive.selection import Selection
from assay.configuration import Configuration

LOCK = "envs/requirements.lock"


@dataclass(frozen=True)
class Exported:
    """An archive that was written."""

    path: Path
    manifest: Manifest


def export(
    selection: Selection,
    configuration: Configuration,
    out: Path,
    tell: Tell,
    without_data: bool = False,
    with_data_files: bool = False,
) -> Exported:
    """Write the archive of a selection.

    Args:
        selection: what it holds.
        configuration: what the selection was planned with.
        out: the file; or a folder, where it gets the name that its contents give it.
        tell: shows how far it is.
        without_data: leave prepared data out, but for their digests.
        with_data_files: put the files in that data were prepared from.

    Raises:
        UserError: a result is damaged, a file changed meanwhile, or another file has the name.
    """
    root = Path.cwd()
    project.require_own_code(root)
    contents = Contents()
    advance = shares(tell, "checking", len(selection.results))
    left_out = add_results(contents, selection, without_data, advance)
    computed = _computed(selection)
    study = selection.plan.studies[0].study if selection.plan else None
    project.add_project(contents, root)
    on_cpu = computed["device"] == ["cpu"]
    # `auto` would take a reader's GPU, whose bits are others
    device = "cpu" if on_cpu else configuration.machine.device.partition(":")[0]
    project.add_configuration(contents, configuration.settings, study, device)
    project.add_modules(contents, selection.recipes)
    data = configuration.options.data
    data_files = project.add_data_files(contents, selection.recipes, data, with_data_files)
    there = [result for result in selection.results if result.path not in left_out]
    counts = Counter(result.stage for result in there)
    unfinished = list(selection.missing.values())
    told = guide.text(
        selection.exported, counts, computed, selection.absent, unfinished, bool(left_out), data_files
    )
    contents.add(GUIDE, of_text(told))
    manifest = Manifest(
        schema_version=SCHEMA,
        exported=json.loads(json.dumps(selection.exported)),
        results=[result.path for result in there],
        missing=[*selection.absent, *unfinished],
        left_out=left_out,
        data_files=data_files,
        lock=contents.files[LOCK].digest if LOCK in contents.files else None,
        computed_with=computed,
        files=contents.listed(),
        links=dict(sorted(contents.links.items())),
    )
    text = manifest.text().encode()
    name = f"{selection.name}-{digest(text)[:NAME_DIGITS]}"
    path = out / f"{name}{SUFFIX}" if out.is_dir() else out
    advance = shares(tell, "writing", sum(entry.size for entry in contents.files.values()))
    tarball.write(path, name, text, contents, advance)
    return Exported(path, manifest)


def _computed(selection: Selection) -> dict[str, list[str]]:
    """What the runs were computed with: Python, PyTorch, devices."""
    found: dict[str, set[str]] = {"python": set(), "torch": set(), "device": set()}
    for result in selection.results:
        content = environment.read(result.folder(selection.store)) if result.stage == "train" else {}
        if content:
            found["device"].add(str(content.get("device")))
            for name in ("python", "torch"):
                found[name].add(str(content.get("versions", {}).get(name)))
    return {name: sorted(values) for name, values in found.items()}
