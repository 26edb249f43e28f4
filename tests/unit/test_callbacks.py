"""Callbacks: when they are called, what the ready ones do, that their state goes on."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest
import small
import torch
from assay import construct
from assay.callbacks import Callback
from assay.callbacks.early_stopping import EarlyStopping
from assay.callbacks.gradient_monitor import GradientMonitor, measured
from assay.errors import UserError
from hypothesis import given
from hypothesis import strategies as st
from small import trained

CALLS: list[str] = []


class Calls(Callback):
    """Notes every call."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("on_"):
            CALLS.append(name)
        return super().__getattribute__(name)


def test_they_are_called_in_order() -> None:
    CALLS.clear()
    trained(training={"epochs": 2, "batch_size": 16, "callbacks": [f"{__name__}:Calls"]})
    step = ["on_batch_begin", "on_gradients", "on_batch_end"]
    epoch = ["on_epoch_begin", *step, *step, "on_epoch_end"]
    assert ["on_train_begin", *epoch, *epoch, "on_train_end"] == CALLS


class Row:
    """A run of which only the history matters."""

    def __init__(self, values: list[float | None]) -> None:
        self.settings = small.settings()
        self.history = self
        self.rows: list[dict[str, Any]] = [{"val_loss": value, "accuracy": value} for value in values]
        self.reason = ""

    def stop(self, reason: str) -> None:
        self.reason = reason


def stopped_after(callback: EarlyStopping, values: list[float | None]) -> int | None:
    for epoch in range(1, len(values) + 1):
        run = Row(values[:epoch])
        callback.on_epoch_end(run)  # type: ignore[arg-type]
        if run.reason:
            return epoch
    return None


def rule(values: list[float | None], patience: int, delta: float, sign: int) -> int | None:
    """Stop where none of the last `patience` values betters the best before them by more than delta."""
    best, since = math.inf, 0
    for epoch, value in enumerate(values, 1):
        if value is not None and sign * value < best - delta:
            best, since = sign * value, 0
        else:
            since += 1
        if since == patience:
            return epoch
    return None


@given(
    st.lists(st.none() | st.integers(0, 8).map(lambda n: n / 8), min_size=1, max_size=30),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.125, 0.2]),
    st.sampled_from(["min", "max"]),
)
def test_early_stopping_follows_its_rule(values: Any, patience: int, delta: float, mode: Any) -> None:
    callback = EarlyStopping(monitor="accuracy", mode=mode, patience=patience, min_delta=delta)
    assert stopped_after(callback, values) == rule(values, patience, delta, 1 if mode == "min" else -1)


def test_early_stopping_has_the_defaults_that_are_documented() -> None:
    callback = EarlyStopping()
    assert (callback.patience, callback.min_delta) == (10, 1e-4)
    assert stopped_after(callback, [1.0, *[0.99995] * 20]) == 11


def test_a_stopped_run_is_finished_and_says_why() -> None:
    still = {"name": "early_stopping", "patience": 2, "min_delta": 100.0}
    run = trained(training={"epochs": 9, "callbacks": [still]})
    plain = run.history.plain()
    assert plain["status"] == "finished" and len(plain["history"]) == 3 and run.last is not None
    assert plain["stopped"] == "early stopping: val_loss did not improve for 2 epochs"
    assert trained().history.plain()["stopped"] is None


@pytest.mark.parametrize(
    "given", [{"patience": 0}, {"min_delta": -1.0}, {"monitor": "val_loss"}, {"mode": "max"}]
)
def test_wrong_settings_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="callback early_stopping: "):
        construct.make("callbacks", {"name": "early_stopping", **given})
    with pytest.raises(UserError, match=r"^callback early_stopping: (?!early)"):
        small.built(training={"callbacks": [{"name": "early_stopping", **given}]})


class StopEarly(Callback):
    """Asks for the end within the second epoch."""

    def on_batch_end(self, run: Any) -> None:
        if run.epoch == 2 and run.step == 1:
            run.stop("seen enough")


def test_a_stop_within_an_epoch_ends_after_it() -> None:
    run = trained(training={"epochs": 5, "callbacks": [f"{__name__}:StopEarly"]})
    assert len(run.history.rows) == 2 and run.history.stopped == "seen enough"


class Wipe(Callback):
    """Sets all weights to zero after the first epoch."""

    def on_epoch_end(self, run: Any) -> None:
        for parameter in run.task.parameters():
            parameter.data.zero_()


def test_the_best_weights_are_those_that_were_validated() -> None:
    run = trained(training={"epochs": 1, "callbacks": [f"{__name__}:Wipe"]})
    plain = trained(training={"epochs": 1})
    assert run.best is not None and plain.best is not None and run.last is not None
    for name, weights in plain.best["model"].items():
        assert torch.equal(run.best["model"][name], weights)
        assert not run.last["model"][name].any()


def test_a_monitor_that_only_planning_could_not_know_is_said() -> None:
    with pytest.raises(UserError, match=r"training\.monitor: 'val_nonsense' is no column"):
        trained(training={"monitor": "val_nonsense"})


def test_the_gradient_monitor_looks_every_so_many_steps(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    settings = {"name": "gradient_monitor", "interval": 3}
    watched = trained(training={"batch_size": 8, "callbacks": [settings]})
    looks = [record.getMessage() for record in caplog.records if record.name == "assay.gradients"]
    assert [look.split(":")[0] for look in looks] == [
        "epoch 1, step 3", "epoch 2, step 2", "epoch 3, step 1", "epoch 3, step 4"
    ]  # fmt: skip
    plain = trained(training={"batch_size": 8})
    for own, other in zip(watched.task.parameters(), plain.task.parameters(), strict=True):
        assert torch.equal(own, other)


def test_gradients_that_explode_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    trained(training={"callbacks": [{"name": "gradient_monitor", "interval": 1, "alert": 1e-6}], "epochs": 1})
    assert {r.levelname for r in caplog.records if r.name == "assay.gradients"} == {"WARNING"}
    assert "(above 1e-06)" in caplog.text
    assert (GradientMonitor().interval, GradientMonitor().alert) == (100, 10.0)


def test_what_it_measures() -> None:
    parameters = [
        torch.nn.Parameter(torch.zeros(2)),
        torch.nn.Parameter(torch.zeros(1)),
        torch.nn.Parameter(torch.zeros(9)),
    ]
    parameters[0].grad, parameters[1].grad = torch.tensor([3.0, -4.0]), torch.tensor([12.0])
    assert measured(parameters) == (13.0, 19 / 3, 12.0)
    assert measured([parameters[2]]) == (0.0, 0.0, 0.0)


class NoCallback:
    pass


def test_what_is_no_callback_is_refused() -> None:
    with pytest.raises(UserError, match="makes a NoCallback, not a Callback"):
        small.built(training={"callbacks": [f"{__name__}:NoCallback"]})
