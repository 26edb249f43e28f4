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
from assay.training.state import State

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def state() -> State:
    trained = small.trained()
    assert trained.last is not None
    return trained.last | {"versions": {"torch": "0"}, "seed": 0}


def test_what_is_written_comes_back(tmp_path: Path, state: State) -> None:
    digest = checkpoint.save(tmp_path / "a.pt", state)
    again = checkpoint.load(tmp_path / "a.pt")
    assert checkpoint.digest(again) == digest == checkpoint.digest(state)
    assert again["history"] == state["history"]
    task = small.built(seed=5).task
    checkpoint.load_weights(task, again, tmp_path / "a.pt")
    assert not task.training and not task.model.training
    assert all(torch.equal(value, again["model"][name]) for name, value in task.model.state_dict().items())


class Learned(torch.nn.Module):
    """A loss with a weight that is trained with the model."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = torch.nn.Parameter(torch.ones(()))

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits * self.temperature, targets)


def test_what_a_task_has_beside_its_model_is_trained_and_kept() -> None:
    last = small.trained(loss=f"{__name__}:Learned").last
    assert last is not None and last["task"].keys() == {"loss.temperature"}
    assert last["task"]["loss.temperature"] != 1
    task = small.built(loss=f"{__name__}:Learned").task
    checkpoint.load_weights(task, last, "here")
    assert torch.equal(task.loss.temperature, last["task"]["loss.temperature"])
    with pytest.raises(UserError, match=r"does not fit the task: loss\.temperature"):
        checkpoint.load_weights(small.built().task, last, "here")


def test_a_checkpoint_without_metadata_loads_with_a_warning(
    state: State, caplog: pytest.LogCaptureFixture
) -> None:
    model = small.built(seed=5).task.model
    checkpoint.load_model(model, {"model": state["model"]}, "bare.pt")
    assert "bare.pt: does not say which model it is of" in caplog.text
    assert all(torch.equal(value, state["model"][name]) for name, value in model.state_dict().items())


def test_a_part_of_the_weights_loads_if_that_is_asked_for(
    state: State, caplog: pytest.LogCaptureFixture
) -> None:
    model = small.built(seed=5).task.model
    some = {name: value for name, value in state["model"].items() if not name.startswith("head")}
    with pytest.raises(UserError, match="does not fit"):
        checkpoint.load_model(model, state | {"model": some}, "some.pt")
    checkpoint.load_model(model, state | {"model": some}, "some.pt", strict=False)
    assert "not in it: head.weight, head.bias" in caplog.text


def test_the_files_name_the_versions_and_the_address_change_no_digest(tmp_path: Path, state: State) -> None:
    first = checkpoint.save(tmp_path / "a.pt", state)
    assert checkpoint.save(tmp_path / "b.pt", state) == first
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()
    assert checkpoint.save(tmp_path / "c.pt", state | {"versions": {"torch": "1"}}) == first
    assert checkpoint.digest(state | {"address": "b", "recipe": {}}) == first
    assert checkpoint.digest(state | {"epoch": 99}) != first


def test_one_changed_weight_changes_the_digest(state: State) -> None:
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
def test_a_truncated_checkpoint_is_named(tmp_path: Path, state: State, keep: float) -> None:
    path = tmp_path / "best.pt"
    checkpoint.save(path, state)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep >= 1 else keep * len(data))])
    with pytest.raises(UserError, match=r"best\.pt"):
        checkpoint.load(path)


def test_a_checkpoint_of_another_model_is_named(tmp_path: Path, state: State) -> None:
    with pytest.raises(UserError, match=r"holds a assay\.models\.mlp:MLP, not a .*Linear"):
        checkpoint.load_model(torch.nn.Linear(2, 2), state, tmp_path / "best.pt")
    wider = build.build_task(small.settings(model={"name": "mlp", "widths": [9]}), small.prepared(), CPU)
    with pytest.raises(UserError, match="does not fit"):
        checkpoint.load_weights(wider, state, tmp_path / "best.pt")


def test_digests_know_types_shapes_and_names() -> None:
    values = torch.arange(6)
    assert tensors_digest({"a": values}) != tensors_digest({"b": values})
    assert tensors_digest({"a": values}) != tensors_digest({"a": values.reshape(2, 3)})
    assert tensors_digest({"a": values}) != tensors_digest({"a": values.float()})
    assert tensors_digest({"a": values, "b": values * 2}) == tensors_digest({"b": values * 2, "a": values})
    assert tensors_digest({"a": torch.zeros(2, dtype=torch.bfloat16), "empty": torch.zeros(0)})
    assert array_digest(np.arange(6).reshape(2, 3).T) == array_digest(np.arange(6).reshape(2, 3).T.copy())
