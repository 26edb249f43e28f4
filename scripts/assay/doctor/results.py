"""Finished results against their seals, and what killed jobs left beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from assay import finished
from assay.doctor.finding import Finding, Looked
from assay.garbage.removal import forget_result
from assay.places import Place
from assay.replay import certificate
from assay.store import FAILURE, RECEIPT, RESUME, RESUME_BEFORE, held, is_claimed


def result_findings(store: Path, place: Place, looked: Looked) -> Iterator[Finding]:
    """What is wrong in the folder of one result."""
    folder = place.folder(store)
    if is_claimed(folder):
        looked.busy.append(folder)
        return
    if finished.is_finished(folder):
        looked.results += 1
        yield from _damage(folder, place, looked)
        yield from _certificate(folder, place)
    yield from _leftovers(folder)


def _damage(folder: Path, place: Place, looked: Looked) -> Iterator[Finding]:
    try:
        faults = list(finished.faults(folder, looked.at))
    except OSError as error:
        yield Finding(Path(error.filename or folder), f"cannot be read: {error.strerror}")
        return
    if faults and is_claimed(folder):  # a process has come meanwhile
        looked.busy.append(folder)
        return
    own = [(name, fault) for name, fault in faults if fault != finished.FOREIGN]
    if {name for name, _ in own} == {RECEIPT}:
        [(name, fault)] = own
        would, done = "write it again from the seal", "written again from the seal"
        yield Finding(folder / name, fault, would, done, partial(_mend, folder))
    else:
        for name, fault in own:
            again = f"snakemake --cores 1 {folder / RECEIPT}"
            then = f"the workflow makes the result again when it is needed, or at once: {again}"
            would, done = f"remove receipt and seal; {then}", f"receipt and seal are removed; {then}"
            yield Finding(folder / name, fault, would, done, partial(_mend, folder))
    for name, fault in faults:
        if fault == finished.FOREIGN:
            yield Finding(folder / name, f"{fault}; move it elsewhere")
    if not {name for name, _ in own} - {RECEIPT}:
        yield from _misplaced(folder, place)


def _misplaced(folder: Path, place: Place) -> Iterator[Finding]:
    """Whether a result that is as it was written lies where it belongs."""
    receipt = finished.read_seal(folder)["receipt"]
    seed = receipt.get("seed")
    part = place.part if seed is None else f"seed-{seed}"
    found = Place(str(receipt.get("stage")), str(receipt.get("address")), part)
    if found != place:
        yield Finding(folder, f"holds the result of {found.path}; move it there, or remove it")


def _mend(folder: Path) -> bool:
    """Do what the state of a result asks for now, whatever it was when it was looked at."""
    with held(folder) as is_held:
        if is_held and finished.is_finished(folder):
            wrong = {name for name, fault in finished.faults(folder) if fault != finished.FOREIGN}
            if wrong == {RECEIPT}:
                finished.restore_receipt(folder)
            elif wrong:
                forget_result(folder)
        return is_held


def _certificate(folder: Path, place: Place) -> Iterator[Finding]:
    """A certificate that proves nothing of the run that it lies beside."""
    if text := certificate.fault(folder, place):
        path, again = folder / finished.CERTIFICATE, "`assay verify` makes it again"
        is_left = partial(certificate.fault, folder, place)
        fix = partial(_remove, folder, path, is_left)
        yield Finding(path, text, f"remove it; {again}", f"removed; {again}", fix)


def _leftovers(folder: Path) -> Iterator[Finding]:
    """What killed processes left in a folder that nobody is writing."""

    def left(path: Path, text: str, is_left: Callable[[], bool]) -> Finding:
        return Finding(path, text, "remove it", "removed", partial(_remove, folder, path, is_left))

    for path in sorted(folder.rglob(".*.part")):
        yield left(path, "was left by a killed process", path.exists)
    if not finished.is_finished(folder):
        return
    for name in (RESUME, RESUME_BEFORE):
        if (folder / name).exists():
            text = "is the saved state of a run that is finished"
            yield left(folder / name, text, partial(finished.is_finished, folder))
    if (folder / FAILURE).exists():
        text = "tells of an attempt that failed, beside a finished result"
        yield left(folder / FAILURE, text, partial(finished.is_finished, folder))


def _remove(folder: Path, path: Path, is_left: Callable[[], object]) -> bool:
    with held(folder) as is_held:
        if is_held and is_left():
            path.unlink(missing_ok=True)
        return is_held
