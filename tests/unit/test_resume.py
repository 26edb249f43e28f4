"""A saved state: a run continues from every step to the same bits; a damaged state is refused and said."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import small
import torch
from assay.callbacks import Callback
from assay.errors import Interrupted
from assay.store import RESUME, RESUME_BEFORE, can_continue
from assay.training import checkpoint
from assay.training.interrupt import Interrupt, listening
from assay.training.loop import train
from assay.training.resume import Resume
from assay.training.watch import Watch

SETTINGS: dict[str, Any] = {
    "model": {"name": "mlp", "widths": [5], "dropout": 0.4},
    "training": {
        "accumulate": 2,
        "clip_norm": 0.5,
        "warmup_epochs": 0.5,
        "scheduler": {"name": "plateau", "patience": 1},
        "augmentations": ["noise"],
        "callbacks": [{"name": "early_stopping", "patience": 2}, {"name": "gradient_monitor", "interval": 3}],
    },
}
IDENTITY = {"address": "a", "seed": 0, "data": "d"}


def keeper(folder: Path, interrupt: Interrupt | None = None, **identity: Any) -> Resume:
    return Resume(folder, IDENTITY | identity, 5.0, interrupt or Interrupt(), {}, {"torch": "2"})


class Stop(Resume):
    """Asks a run to leave after so many steps."""

    def __init__(self, folder: Path, steps: int) -> None:
        super().__init__(folder, IDENTITY, 5.0, Interrupt(), {}, {})
        self.left = steps

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.interrupt.signal = "SIGTERM"

    def after_step(self, run: Any) -> None:
        self._count()
        super().after_step(run)

    def after_epoch(self, run: Any) -> None:
        self._count()
        super().after_epoch(run)


def interrupted(folder: Path, steps: int, **settings: Any) -> None:
    with pytest.raises(Interrupted, match="SIGTERM: saved in epoch"):
        small.trained(keeper=Stop(folder, steps), **settings)


def continued(folder: Path, **settings: Any) -> tuple[small.Trained, bool]:
    run = small.built(**settings)
    run.begin()
    found = keeper(folder).restore(run)
    return small.Trained(run, train(run, *small.parts(), Watch(), keeper(folder))), found


def assert_same(first: small.Trained, second: small.Trained) -> None:
    assert first.history.plain() == second.history.plain()
    for own, other in ((first.last, second.last), (first.best, second.best)):
        assert own is not None and other is not None
        assert checkpoint.to_bytes(own) == checkpoint.to_bytes(other)


@pytest.mark.parametrize("step", range(1, 6))
def test_a_run_continues_from_every_step_to_the_same_bytes(tmp_path: Path, step: int) -> None:
    """Three epochs of two steps: after 1, 3 and 5 within an epoch, after 2 and 4 between two."""
    whole = small.trained(**SETTINGS)
    interrupted(tmp_path, step, **SETTINGS)
    again, found = continued(tmp_path, **SETTINGS)
    assert found
    assert_same(again, whole)


def test_a_run_interrupted_at_every_step_is_the_same(tmp_path: Path) -> None:
    whole = small.trained(**SETTINGS)
    for _ in range(5):
        run = small.built(**SETTINGS)
        keeper(tmp_path).restore(run)
        with pytest.raises(Interrupted):
            train(run, *small.parts(), Watch(), Stop(tmp_path, 1))
    again, found = continued(tmp_path, **SETTINGS)
    assert found
    assert_same(again, whole)


class StopEarly(Callback):
    """Asks for the end within the second epoch."""

    def on_batch_end(self, run: Any) -> None:
        if run.epoch == 2 and run.step == 1:
            run.stop("seen enough")


@pytest.mark.parametrize("step", [6, 7])
def test_a_run_that_is_to_end_after_its_epoch_ends_that_epoch(tmp_path: Path, step: int) -> None:
    settings = {"training": {"epochs": 5, "callbacks": [f"{__name__}:StopEarly"]}}
    interrupted(tmp_path, step, **settings)
    again, found = continued(tmp_path, **settings)
    assert found and len(again.history.rows) == 2
    assert_same(again, small.trained(**settings))


def test_a_state_that_lacks_something_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    interrupted(tmp_path, 2)
    state = checkpoint.load(tmp_path / RESUME, key="state")
    for name in ("digest", "step"):
        del state[name]
    (tmp_path / RESUME).write_bytes(checkpoint.to_bytes(state | {"digest": checkpoint.digest(state)}))
    assert not keeper(tmp_path).restore(small.built())
    assert "not used" in caplog.text


@pytest.mark.parametrize(
    "settings", [{"numerics": {"mixed_precision": "fp16"}}, {"training": {"optimizer": "sgd"}}]
)
def test_other_runs_continue_too(tmp_path: Path, settings: dict[str, Any]) -> None:
    interrupted(tmp_path, 5, **settings)
    assert_same(continued(tmp_path, **settings)[0], small.trained(**settings))


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    else:  # one bit of a weight
        weights = next(iter(checkpoint.load(path, key="state")["state"]["model"].values()))
        at = data.find(weights.numpy().tobytes()[:8])
        assert at > 0
        data[at + 2] ^= 1
        path.write_bytes(data)


@pytest.mark.parametrize("how", ["truncated", "empty", "flipped"])
def test_a_damaged_state_is_named_and_the_one_before_is_used(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    interrupted(tmp_path, 2, **SETTINGS)
    first = small.built(**SETTINGS)
    keeper(tmp_path).restore(first)
    with pytest.raises(Interrupted):
        train(first, *small.parts(), Watch(), Stop(tmp_path, 1))
    assert (tmp_path / RESUME_BEFORE).exists()
    damage(tmp_path / RESUME, how)
    run = small.built(**SETTINGS)
    assert keeper(tmp_path).restore(run)
    assert "resume.pt: is damaged" in caplog.text and "not used" in caplog.text
    assert (run.epoch, run.step) == (2, 0)
    caplog.clear()
    damage(tmp_path / RESUME_BEFORE, how)
    assert not keeper(tmp_path).restore(small.built(**SETTINGS))
    assert "resume.pt" in caplog.text and "resume-before.pt" in caplog.text
    again, found = continued(tmp_path, **SETTINGS)
    assert not found
    assert_same(again, small.trained(**SETTINGS))


def test_a_state_of_another_run_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    interrupted(tmp_path, 2)
    for other in ({"address": "b"}, {"seed": 1}, {"data": "e"}):
        assert not keeper(tmp_path, **other).restore(small.built())
        assert "is of another run" in caplog.text
    assert keeper(tmp_path).restore(small.built())


def test_a_state_that_builds_on_a_lost_checkpoint_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = small.trained(training={"epochs": 1}).run
    state = keeper(tmp_path)
    state.kept["epoch-001.pt"] = checkpoint.save(tmp_path / "epoch-001.pt", checkpoint.snapshot(run))
    state.save(run)
    assert state.restore(small.built())
    (tmp_path / "epoch-001.pt").unlink()
    assert not state.restore(small.built())
    assert "epoch-001.pt" in caplog.text


def test_a_malicious_state_runs_nothing(tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'mark'}",)

    torch.save({"state": Malicious(), "digest": ""}, tmp_path / RESUME)
    assert not keeper(tmp_path).restore(small.built())
    assert not (tmp_path / "mark").exists()


def test_every_environment_that_computed_is_remembered(tmp_path: Path) -> None:
    interrupted(tmp_path, 2)
    later = Resume(tmp_path, IDENTITY, 5.0, Interrupt(), {}, {"torch": "3"})
    run = small.built()
    assert later.restore(run)
    assert later.environments == [{}, {"torch": "3"}]


def test_a_finished_run_has_no_state(tmp_path: Path) -> None:
    interrupted(tmp_path, 2)
    assert can_continue(tmp_path)
    keeper(tmp_path).forget()
    assert not can_continue(tmp_path)


def test_saving_takes_a_small_share_of_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("assay.training.resume.time.monotonic", lambda: now[0])
    state, run, saves = keeper(tmp_path), small.built(), []

    def save(run: Any) -> None:
        saves.append(now[0])
        state.cost, state.saved = 1.0, now[0]

    monkeypatch.setattr(state, "save", save)
    for _ in range(200):
        now[0] += 1
        state.after_epoch(run)
    assert saves == [1, 51, 101, 151]
    state.after_step(run)
    now[0] += 300
    state.after_step(run)
    assert saves[-1] == 500


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_noted_and_a_second_one_has_its_usual_effect(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: list[int] = []
    told: list[int] = []
    before = signal.signal(number, lambda received, frame: usual.append(received))
    handler = signal.getsignal(number)
    try:
        with listening(told.append) as interrupt:
            os.kill(os.getpid(), number)
            assert interrupt.signal == number.name and told == [number]
            os.kill(os.getpid(), number)  # sent to all processes of a job, and passed on
            assert not usual
            monkeypatch.setattr("assay.training.interrupt.SAME", 0.0)
            os.kill(os.getpid(), number)
            assert usual == [number] and told == [number]
        assert signal.getsignal(number) == handler
    finally:
        signal.signal(number, before)
