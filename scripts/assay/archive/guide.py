"""`VERIFY.md`: what a reader does with an archive, a step a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.archive.manifest import DataFile
from assay.views import variant_folder
from assay.words import counted

_STEPS = """\
# Verify {what}

{told}

1. Environment (Python 3.11 or newer): `make .venv/ready && . .venv/bin/activate`; or with conda:
   `conda env create --prefix .conda --file envs/assay.yaml && conda activate ./.conda`, then
   `python -m pip install --no-deps --no-build-isolation --editable .`
2. `assay doctor` compares every byte of every result with its seal.
3. `assay verify {name}` trains again in fresh processes and compares every digest.
4. {last}
5. `assay import ARCHIVE` in a project of your own puts these results into its store;
   `assay import --dry-run ARCHIVE` here checks the archive itself, file by file.
"""
_PLANS_NOTHING = "`snakemake -n` plans nothing: these results are what this study leads to, with this code."
_PLANS = "`snakemake -n` plans what is not in this archive: {missing}."
_REPEAT = (
    "`python scripts/train.py --recipe results/{run}/recipe.yaml --seed {seed} --out again`, then\n"
    "   `diff again/receipt.json results/{run}/receipt.json` shows no difference."
)


def _view(exported: Mapping[str, Any]) -> str:
    """A run's name for people: by study and variant, or by its address."""
    address, _, seed = exported["run"].removeprefix("train/").partition("/")
    if exported.get("study") and exported.get("variant"):
        return f"{exported['study']}/{variant_folder(exported['variant'])}/{seed}"
    return f"{address}/{seed}"


def text(
    exported: Mapping[str, Any],
    counts: Mapping[str, int],
    computed: Mapping[str, list[str]],
    absent: Sequence[str],
    unfinished: Sequence[str],
    without_data: bool,
    data_files: Mapping[str, DataFile],
) -> str:
    """The file's text.

    Args:
        exported: what was exported, as the manifest has it.
        counts: stage → number of results.
        computed: `python`, `torch` and `device` that the runs were computed with.
        absent: runs that the study names and that there are none of, in words.
        unfinished: what `snakemake -n` will plan, in words.
        without_data: whether prepared data were left out.
        data_files: files that data are prepared from.
    """
    run = exported.get("run")
    results = ", ".join(f"{number} of {stage}" for stage, number in counts.items())
    told = [f"{counted(sum(counts.values()), 'result')} ({results})."]
    python, torch, device = (" and ".join(computed[name]) for name in ("python", "torch", "device"))
    told.append(f"Computed with Python {python} and PyTorch {torch}, on {device}.")
    if exported.get("address_now"):
        told.append(
            f"The code has changed since: it now gives this run the address {exported['address_now']}. "
            "The code that it was computed with is in results/code, by the digests in its recipe."
        )
    if absent:
        told.append(f"Missing: {'; '.join(absent)}.")
    if without_data:
        told.append("Not here: the prepared data; MANIFEST.json has their digests (`left_out`).")
    if apart := {path: file for path, file in data_files.items() if not file.included}:
        named = ", ".join(f"`{path}` (SHA-256 {file.sha256})" for path, file in apart.items())
        used = "steps 3 and 4 need" if without_data or not run else "only to prepare the data again takes"
        told.append(f"Not here: {named}; {used} {'it' if len(apart) == 1 else 'them'} at this place.")
    if run:
        last = _REPEAT.format(run=run, seed=run.rpartition("-")[2])
    elif unfinished:
        last = _PLANS.format(missing="; ".join(unfinished))
    else:
        last = _PLANS_NOTHING
    name = _view(exported) if run else exported["study"]
    what = f"the run {name}" if run else f"the study {name}"
    return _STEPS.format(what=what, told="\n".join(told), name=name, last=last)
