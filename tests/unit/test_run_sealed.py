"""A run is sealed when nothing writes it any more: what fails afterwards leaves it as it was sealed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from assay import numerics, single
from assay.configuration import configure
from assay.errors import UserError
from assay.finished import SEAL, damage, is_finished
from assay.training import run as training

Train = Callable[[], dict[str, Any]]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def train(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Trains a small run."""
    monkeypatch.chdir(tmp_path)
    settings = {"data": {"source": "breast_cancer"}, "training": {"epochs": 2}}
    recipe = single.from_settings(settings, {}, configure({}))
    for name, value in numerics.environment(recipe.settings.numerics).items():
        monkeypatch.setenv(name, value)
    prepared = single.prepared_data(recipe, 1, tmp_path / "store", tmp_path)
    return lambda: training.run(recipe, 1, lambda: prepared, out)


def test_what_fails_at_the_end_of_training_fails_before_the_seal(
    train: Train, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process of the run, for one."""

    def failing(size: int, device: str, work: Callable[..., Any]) -> Any:
        together(size, device, work)
        raise UserError("a process of the run failed at its end")

    together = training.together
    with monkeypatch.context() as patch:
        patch.setattr(training, "together", failing)
        with pytest.raises(UserError, match="failed at its end"):
            train()
    assert "on_exception" in (out / "events.jsonl").read_text() and not is_finished(out)
    assert train()["status"] == "finished"
    assert list(damage(out)) == []


def test_a_saved_state_that_cannot_be_removed_does_a_finished_run_no_harm(
    train: Train, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> None:
        if is_finished(folder):
            raise OSError(5, "Input/output error", str(folder / "resume.pt"))

    for module in ("assay.training.run", "assay.training.resume"):
        monkeypatch.setattr(f"{module}.remove_states", refused)
    with pytest.raises(OSError, match=r"resume\.pt"):
        train()
    assert is_finished(out) and list(damage(out)) == []


def test_no_line_comes_to_the_log_after_the_seal(
    train: Train, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even from a process or a thread that goes on: the log is closed."""
    finish = training.write_receipt

    def talking(*arguments: Any, **facts: Any) -> Any:
        receipt = finish(*arguments, **facts)
        logging.getLogger("assay.late").error("too late")
        return receipt

    monkeypatch.setattr(training, "write_receipt", talking)
    train()
    assert (out / SEAL).exists() and list(damage(out)) == []
    assert "too late" not in (out / "train.log").read_text()
