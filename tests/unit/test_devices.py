"""Which device a run is computed on; no GPU is needed to ask."""

from __future__ import annotations

import pytest
import torch
from assay.errors import UserError
from assay.training.build import choose_device


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A machine with two GPUs, as far as torch is asked; the numbers of those that are made the current one."""
    numbers: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch._C, "_cuda_setDevice", numbers.append, raising=False)
    return numbers


@pytest.mark.parametrize(
    ("name", "device", "number"),
    [("auto", "cuda:0", 0), ("cuda", "cuda:0", 0), ("cuda:0", "cuda:0", 0), ("cuda:1", "cuda:1", 1)],
)
def test_a_gpu_is_chosen_by_number(chosen: list[int], name: str, device: str, number: int) -> None:
    assert choose_device(name) == torch.device(device)
    assert chosen == [number]


@pytest.mark.parametrize("name", ["cuda:2", "gpu", "mps"])
def test_a_device_that_is_not_there_is_refused(chosen: list[int], name: str) -> None:
    with pytest.raises(UserError, match=f"device: '{name}'"):
        choose_device(name)
    assert not chosen


def test_without_a_gpu_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
