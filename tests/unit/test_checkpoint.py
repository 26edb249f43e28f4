"""Checkpoints: what is written comes back, what is damaged or malicious is refused, nothing is unpickled."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import small
import torch
from assay.digest import array_digest, tensors_digest
from assay.errors import UserError
from assay.training import build, checkpoint
from assay.training.loop import train
from assay.training.watch import Watch

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def state() -> checkpoint.State:
    trained = train(small.settings(), small.prepared(), 0, CPU, Watch())
    assert trained.last is not None
    return trained.last | {"versions": {"torch": "0"}, "seed": 0}


def test_what_is_written_comes_back(tmp_path: Path, state: checkpoint.State) -> None:
    digest = checkpoint.save(tmp_path / "a.pt", state)
    again = checkpoint.load(tmp_path / "a.pt")
    assert checkpoint.digest(again) == digest == checkpoint.digest(state)
    assert again["history"] == state["history"]
    model = build.build_task(small.settings(), small.prepared(), CPU).model
    checkpoint.load_weights(model, again, tmp_path / "a.pt")
    assert not model.training
    assert all(torch.equal(value, again["model"][name]) for name, value in model.state_dict().items())


def test_the_files_name_and_the_versions_change_no_digest(tmp_path: Path, state: checkpoint.State) -> None:
    first = checkpoint.save(tmp_path / "a.pt", state)
    assert checkpoint.save(tmp_path / "b.pt", state) == first
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()
    assert checkpoint.save(tmp_path / "c.pt", state | {"versions": {"torch": "1"}}) == first
    assert checkpoint.digest(state | {"epoch": 99}) != first


def test_one_changed_weight_changes_the_digest(state: checkpoint.State) -> None:
    name = next(iter(state["model"]))
    changed = {**state["model"], name: state["model"][name] + 1e-7}
    assert checkpoint.digest(state | {"model": changed}) != checkpoint.digest(state)


class Malicious:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_checkpoint_runs_nothing(tmp_path: Path, zipped: bool) -> None:
    path, mark = tmp_path / "best.pt", tmp_path / "mark"
    if zipped:
        torch.save({"model": Malicious(mark)}, path)
    else:
        path.write_bytes(pickle.dumps(Malicious(mark)))
    with pytest.raises(UserError, match=r"best\.pt: is damaged or is no checkpoint"):
        checkpoint.load(path)
    assert not mark.exists()
    torch.load(path, weights_only=False) if zipped else pickle.loads(path.read_bytes())
    assert mark.exists(), "the checkpoint is not malicious, so the test proves nothing"


@pytest.mark.parametrize("keep", [0, 10, 0.5])
def test_a_truncated_checkpoint_is_named(tmp_path: Path, state: checkpoint.State, keep: float) -> None:
    path = tmp_path / "best.pt"
    checkpoint.save(path, state)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep >= 1 else keep * len(data))])
    with pytest.raises(UserError, match=r"best\.pt"):
        checkpoint.load(path)


def test_a_checkpoint_of_another_model_is_named(tmp_path: Path, state: checkpoint.State) -> None:
    with pytest.raises(UserError, match=r"holds a assay\.models\.mlp:MLP, not a .*Linear"):
        checkpoint.load_weights(torch.nn.Linear(2, 2), state, tmp_path / "best.pt")
    wider = build.build_task(small.settings(model={"name": "mlp", "widths": [9]}), small.prepared(), CPU)
    with pytest.raises(UserError, match="does not fit"):
        checkpoint.load_weights(wider.model, state, tmp_path / "best.pt")


def test_digests_know_types_shapes_and_names() -> None:
    values = torch.arange(6)
    assert tensors_digest({"a": values}) != tensors_digest({"b": values})
    assert tensors_digest({"a": values}) != tensors_digest({"a": values.reshape(2, 3)})
    assert tensors_digest({"a": values}) != tensors_digest({"a": values.float()})
    assert tensors_digest({"a": values, "b": values * 2}) == tensors_digest({"b": values * 2, "a": values})
    assert tensors_digest({"a": torch.zeros(2, dtype=torch.bfloat16), "empty": torch.zeros(0)})
    assert array_digest(np.arange(6).reshape(2, 3).T) == array_digest(np.arange(6).reshape(2, 3).T.copy())
