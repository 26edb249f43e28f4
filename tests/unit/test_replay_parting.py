"""Where two runs part: a run whose weights are nudged at a known moment is said to part there, and nowhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small
import torch
from assay.callbacks import Callback
from assay.digest import file_digest
from assay.errors import Interrupted
from assay.finished import finish
from assay.jsonfile import to_json
from assay.replay.filediff import difference, named
from assay.replay.parting import (
    HISTORY,
    TRACE,
    are_equal,
    beginnings_part,
    histories_part,
    parting,
    traces_part,
)
from assay.store import RESUME
from assay.training import checkpoint
from assay.training.interrupt import Interrupt
from assay.training.loop import train
from assay.training.resume import Resume
from assay.training.trace import to_lines
from assay.training.watch import Watch

MOMENT = "ASSAY_TEST_NUDGE"


class Nudge(Callback):
    """Adds a little to one weight at one moment: `batch 2 3 model.head.bias`."""

    def _nudge(self, run: Any, *moment: object) -> None:
        *when, name = os.environ.get(MOMENT, "never none").split()
        if when == [str(part) for part in moment]:
            with torch.no_grad():
                run.task.state_dict()[name].view(-1)[0] += 1e-2

    def on_batch_end(self, run: Any) -> None:
        self._nudge(run, "batch", run.epoch, run.step)

    def on_train_end(self, run: Any) -> None:
        self._nudge(run, "end")


def run(monkeypatch: pytest.MonkeyPatch, moment: str = "never none", **training: Any) -> small.Trained:
    monkeypatch.setenv(MOMENT, moment)
    return small.trained(training={"callbacks": [f"{__name__}:Nudge"], **training})


def result(folder: Path, trained: small.Trained) -> Path:
    """A run's folder as far as it is compared."""
    folder.mkdir()
    (folder / HISTORY).write_text(to_json(trained.history.plain()))
    (folder / TRACE).write_text(to_lines(trained.run.trace))
    assert trained.last is not None
    settings = trained.run.settings
    (folder / "recipe.yaml").write_text("")
    digests = {"last.pt": checkpoint.save(folder / "last.pt", trained.last)}
    digests |= {name: file_digest(folder / name) for name in (HISTORY, TRACE)}
    receipt = {"stage": "train", "address": folder.name, "status": "finished", "digests": digests}
    finish(folder, to_json(receipt | {"epochs": settings.training.epochs}))
    return folder


@pytest.mark.parametrize(
    ("moment", "epoch", "step", "tensors"),
    [
        # four steps an epoch: what is nudged after one is seen in the loss of the next
        ("batch 1 1 model.head.weight", 1, 2, 4),
        ("batch 2 3 model.head.bias", 2, 4, 4),
        ("batch 2 4 model.head.bias", 2, None, ("model.head.bias",)),
        ("batch 3 4 model.hidden.1.weight", 3, None, ("model.hidden.1.weight",)),
    ],
)
def test_two_traces_part_where_a_weight_was_nudged(
    monkeypatch: pytest.MonkeyPatch, moment: str, epoch: int, step: int | None, tensors: Any
) -> None:
    plain, nudged = run(monkeypatch).run.trace, run(monkeypatch, moment).run.trace
    found = traces_part(plain, nudged)
    assert found is not None and (found.epoch, found.step, found.file) == (epoch, step, TRACE)
    assert len(found.tensors) == tensors if isinstance(tensors, int) else found.tensors == tensors
    assert f"epoch {epoch}, {'after its last step' if step is None else f'step {step}'}" in found.text
    assert traces_part(plain, run(monkeypatch).run.trace) is None


def test_a_step_of_several_batches_is_said_with_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, nudged = (
        run(monkeypatch, moment, accumulate=2) for moment in ("never none", "batch 2 1 model.head.bias")
    )
    found = traces_part(plain.run.trace, nudged.run.trace, 2)
    assert found is not None and (found.epoch, found.step) == (2, 2) and "step 2 (batch 3)" in found.text


def test_other_random_numbers_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = run(monkeypatch).run.trace
    other = [*trace[:1], trace[1] | {"streams": "00000000"}, *trace[2:]]
    found = traces_part(trace, other)
    assert found is not None and found.epoch == 2 and found.tensors == ()
    assert found.text.endswith("different after the epoch: the state of the random numbers")


def test_a_run_of_other_length_parts_after_what_is_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = run(monkeypatch).run.trace
    found = traces_part(trace, trace[:2])
    assert found is not None and found.epoch == 3 and "has 2 epochs, not 3" in found.text


def test_validation_that_differs_is_told_by_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    history = run(monkeypatch).history.plain()
    rows = [dict(row) for row in history["history"]]
    rows[1]["val_loss"] = 0.25
    found = histories_part(history, {**history, "history": rows})
    assert found is not None and (found.epoch, found.step, found.file) == (2, None, HISTORY)
    assert f"val_loss is 0.25, not {history['history'][1]['val_loss']!r}" in found.text


def test_results_are_equal_but_for_their_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("assay.replay.parting._accumulated", lambda run: 1)
    plain = result(tmp_path / "a", run(monkeypatch))
    assert parting(plain, result(tmp_path / "b", run(monkeypatch))) is None
    assert are_equal(plain, tmp_path / "b")
    nudged = result(
        tmp_path / "c", run(monkeypatch, "end model.head.bias")
    )  # when trace and history are written
    found = parting(plain, nudged)
    assert not are_equal(plain, nudged)
    assert found is not None and found.text == "last.pt: other values of the entry model.head.bias"
    found = parting(plain, result(tmp_path / "d", run(monkeypatch, "batch 2 3 model.head.bias")))
    assert found is not None and (found.epoch, found.step) == (2, 4)
    found = parting(plain, result(tmp_path / "e", run(monkeypatch, epochs=2)))
    assert found is not None and found.epoch == 3


def test_a_run_that_stops_after_an_epoch_is_compared_until_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("assay.replay.parting._accumulated", lambda run: 1)
    plain = result(tmp_path / "a", run(monkeypatch))
    for moment, expected in (("batch 3 1 model.head.bias", None), ("batch 2 2 model.head.bias", (2, 3))):
        monkeypatch.setenv(MOMENT, moment)
        begun = small.built(training={"callbacks": [f"{__name__}:Nudge"]})
        begun.begin()
        folder = tmp_path / moment
        folder.mkdir()
        keeper = Resume(folder, {}, 5.0, Interrupt(), {}, {}, stop_after=2)
        with pytest.raises(Interrupted, match="saved after epoch 2, as asked"):
            train(begun, *small.parts(), Watch(), keeper)
        state = checkpoint.load(folder / RESUME, key="state")
        assert len(state["trace"]) == 2
        found = beginnings_part(plain, state)
        assert (None if found is None else (found.epoch, found.step)) == expected
    assert beginnings_part(plain, {**state, "trace": [], "kept": {"epoch-001.pt": "x"}}) is not None


def test_what_differs_in_a_file_is_told(tmp_path: Path) -> None:
    def told(suffix: str, *contents: bytes) -> str:
        paths = [tmp_path / f"{index}{suffix}" for index in range(2)]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        return difference(*paths)

    assert told(".csv", b"a,1\nb,2\n", b"a,1\nb,3\n") == "line 2: `b,3`, not `b,2`"
    assert told(".md", b"a\n", b"a\nb\n") == "line 2: `b`, not the end of the file"
    long = "x" * 100
    assert told(".html", f"{long}a{long}".encode(), f"{long}b{long}".encode()) == (
        f"line 1: `…{'x' * 30}b{'x' * 29}…`, not `…{'x' * 30}a{'x' * 29}…`"
    )
    states = [{"model": {"weight": torch.full((2,), value)}, "versions": str(value)} for value in (0.0, 1.0)]
    states = [checkpoint.to_bytes(state | {"seed": 3, "address": state["versions"]}) for state in states]
    assert told(".pt", *states) == "other values of the entry model.weight"
    assert told(".png", b"\xff\x00", b"\xff\x01") == "other bytes"
    arrays = [np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32), np.zeros(6, np.int64)]
    arrays[1][1, 2] = 0.5
    for index, array in enumerate(arrays):
        np.save(tmp_path / f"{index}.npy", array)
    files = [tmp_path / f"{index}.npy" for index in range(3)]
    assert difference(*files[:2]) == "1 of 6 values, the first at [1, 2]: 0.5, not 0.0"
    assert difference(files[0], files[2]) == "int64 (6,), not float32 (2, 3)"


def test_names_are_listed_in_the_right_number() -> None:
    assert named(["a"], "tensor") == "the tensor a"
    assert named(["a", "b"], "tensor") == "the tensors a, b"
    assert named(list("abcd"), "entry") == "4 entries (a, b, c, …)"


def test_a_trace_is_read_as_it_was_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trace = run(monkeypatch).run.trace
    assert [json.loads(line) for line in to_lines(trace).splitlines()] == trace
