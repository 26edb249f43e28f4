"""Schedulers against closed formulas; continued from every epoch; plateau against a second version of its rule."""

from __future__ import annotations

import io
import math
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from assay.components import names
from assay.construct import load
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

EPOCHS = 12
RATES = (0.3, 0.02)
VALUES = [5.0, 4.0, 4.0, 4.5, 3.0, 3.1, 3.0, 2.99999, 3.5, 2.0, 2.5, 2.5]
"""What the plateau's metric is after each epoch."""

Case = tuple[str, dict[str, Any], Callable[[float, int], float]]


def half_cosine(rate: float, minimum: float, share: float) -> float:
    """Loshchilov & Hutter 2017, equation 5."""
    return minimum + (rate - minimum) * (1 + math.cos(math.pi * share)) / 2


def cycle(t: int, first: int, growth: int) -> float:
    """Which share of its cycle an epoch has, by walking through the cycles."""
    length = first
    while t >= length:
        t, length = t - length, length * growth
    return t / length


CASES: list[Case] = [
    ("constant", {}, lambda rate, t: rate),
    ("cosine", {}, lambda rate, t: half_cosine(rate, 0, t / EPOCHS)),
    ("cosine", {"minimum": 0.01}, lambda rate, t: half_cosine(rate, 0.01, t / EPOCHS)),
    ("step", {}, lambda rate, t: rate * 0.1 ** (t // 10)),
    ("step", {"every": 3, "factor": 0.5}, lambda rate, t: rate * 0.5 ** (t // 3)),
    ("exponential", {}, lambda rate, t: rate * 0.95**t),
    ("exponential", {"factor": 1.5}, lambda rate, t: rate * 1.5**t),
    ("multistep", {"milestones": [2, 7]}, lambda rate, t: rate * 0.1 ** ((t >= 2) + (t >= 7))),
    ("multistep", {"milestones": (1, 99), "factor": 0.5}, lambda rate, t: rate * 0.5 ** (t >= 1)),
    ("linear", {}, lambda rate, t: rate * (1 - t / EPOCHS)),
    ("linear", {"end_factor": 0.25}, lambda rate, t: rate * (1 - 0.75 * t / EPOCHS)),
    ("cosine_restarts", {}, lambda rate, t: half_cosine(rate, 0, cycle(t, 10, 2))),
    (
        "cosine_restarts",
        {"first": 2, "growth": 3, "minimum": 0.01},
        lambda rate, t: half_cosine(rate, 0.01, cycle(t, 2, 3)),
    ),
    (
        "cosine_restarts",
        {"first": 3, "growth": 1},
        lambda rate, t: half_cosine(rate, 0, t % 3 / 3),
    ),
    ("polynomial", {}, lambda rate, t: rate * (1 - t / EPOCHS) ** 0.9),
    ("polynomial", {"power": 2.0}, lambda rate, t: rate * (1 - t / EPOCHS) ** 2),
    # the values above are no improvement after epochs 3, 4, then 6, 7, 8 and 9 (2.99999 is too little)
    ("plateau", {"patience": 1, "factor": 0.5}, lambda rate, t: rate * 0.5 ** ((t >= 4) + (t >= 7) + (t >= 9) + (t >= 12))),
]  # fmt: skip
IDS = [f"{name} {settings}" for name, settings, _ in CASES]


def build(name: str, settings: dict[str, Any]) -> tuple[torch.optim.Optimizer, Any]:
    """Two groups of parameters with learning rates of their own, and momentum to be kept."""
    groups = [{"params": [torch.nn.Parameter(torch.ones(2))], "lr": rate} for rate in RATES]
    optimizer = torch.optim.SGD(groups, lr=1.0, momentum=0.9)
    return optimizer, load("schedulers", name)(optimizer, EPOCHS, **settings)


def rates(optimizer: torch.optim.Optimizer) -> list[float]:
    return [group["lr"] for group in optimizer.param_groups]


def epoch(optimizer: torch.optim.Optimizer, scheduler: Any, number: int) -> list[float]:
    """One epoch as the loop has it; the learning rates of the next."""
    for group in optimizer.param_groups:
        group["params"][0].grad = torch.ones(2)
    optimizer.step()
    scheduler.step(*([VALUES[number - 1]] if hasattr(scheduler, "metric") else []))
    return rates(optimizer)


@pytest.mark.parametrize(("name", "settings", "formula"), CASES, ids=IDS)
def test_learning_rates(name: str, settings: dict[str, Any], formula: Callable[[float, int], float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer, scheduler = build(name, settings)
        assert isinstance(scheduler, LRScheduler)
        assert rates(optimizer) == list(RATES)
        assert [group["initial_lr"] for group in optimizer.param_groups] == list(RATES)
        for done in range(1, EPOCHS + 1):
            expected = [formula(rate, done) for rate in RATES]
            assert epoch(optimizer, scheduler, done) == pytest.approx(expected, rel=1e-12, abs=1e-16), done


def test_there_is_a_formula_for_every_scheduler() -> None:
    assert {name for name, _, _ in CASES} == set(names("schedulers"))


def plain(value: Any) -> Any:
    """What a checkpoint keeps of a state: no functions, plain mappings and lists."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items() if not callable(item)}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def without_functions(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in state.items() if not callable(item)}


@pytest.mark.parametrize("keep", [plain, without_functions])
@pytest.mark.parametrize(("name", "settings", "formula"), CASES, ids=IDS)
def test_a_restored_scheduler_continues_exactly(
    name: str, settings: dict[str, Any], formula: Any, keep: Callable[[Any], Any]
) -> None:
    optimizer, scheduler = build(name, settings)
    stored, expected = [], []
    for number in range(1, EPOCHS + 1):
        buffer = io.BytesIO()
        torch.save((optimizer.state_dict(), keep(scheduler.state_dict())), buffer)
        stored.append(buffer.getvalue())
        expected.append(epoch(optimizer, scheduler, number))
    for done, content in enumerate(stored):
        optimizer, scheduler = build(name, settings)
        first, second = torch.load(io.BytesIO(content), weights_only=True)
        optimizer.load_state_dict(first)
        scheduler.load_state_dict(second)
        found = [epoch(optimizer, scheduler, number) for number in range(done + 1, EPOCHS + 1)]
        assert found == expected[done:], f"continued after epoch {done}"


def test_a_schedule_ends_exactly_where_it_says() -> None:
    for name, settings in (("cosine", {"minimum": 0.01}), ("linear", {}), ("polynomial", {})):
        optimizer, scheduler = build(name, settings)
        for number in range(1, EPOCHS + 1):
            epoch(optimizer, scheduler, number)
        assert rates(optimizer) == [settings.get("minimum", 0.0)] * 2, name


def plateau(values: list[float], settings: dict[str, Any], rate: float) -> list[float]:
    """The rule once more, from its words: less is better after a change of sign."""
    sign = 1 if settings["mode"] == "min" else -1
    best, bad, resting, found = math.inf, 0, 0, []
    for value in (sign * value for value in values):
        improved = best == math.inf or best - value > settings["threshold"] * abs(best)
        best, bad = (value, 0) if improved else (best, bad + 1)
        if resting:
            resting, bad = resting - 1, 0
        if bad > settings["patience"]:
            rate = max(rate * settings["factor"], settings["minimum"])
            bad, resting = 0, settings["cooldown"]
        found.append(rate)
    return found


@given(
    # steps of 0.5 up to 4, so that no improvement is within rounding of the threshold
    values=st.lists(st.integers(-8, 8).map(lambda n: n / 2), min_size=1, max_size=25),
    settings=st.fixed_dictionaries(
        {
            "mode": st.sampled_from(["min", "max"]),
            "threshold": st.sampled_from([0.0, 1e-4, 0.3]),
            "patience": st.integers(0, 3),
            "cooldown": st.integers(0, 2),
            "factor": st.sampled_from([0.1, 0.5]),
            "minimum": st.sampled_from([0.0, 0.01]),
        }
    ),
)
def test_plateau_is_its_rule_and_torch_s_for_positive_values(
    values: list[float], settings: dict[str, Any]
) -> None:
    def run(kind: Any, *arguments: Any, **given_settings: Any) -> list[float]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.3)
        scheduler, found = kind(optimizer, *arguments, **given_settings), []
        for value in values:
            scheduler.step(value)
            found.append(optimizer.param_groups[0]["lr"])
        return found

    own = run(load("schedulers", "plateau"), EPOCHS, **settings)
    assert own == plateau(values, settings, 0.3)
    if min(values) > 0:
        others = {"min_lr": settings["minimum"], "eps": 0.0}
        assert own == run(
            ReduceLROnPlateau, **{k: v for k, v in settings.items() if k != "minimum"}, **others
        )


def test_plateau_s_defaults() -> None:
    """Eleven epochs without improvement, ten of them borne; NaN is none."""
    optimizer, scheduler = build("plateau", {})
    assert scheduler.metric == "val_loss"
    for value in [1.0, 0.99995, *[math.nan] * 9]:
        scheduler.step(value)
    assert rates(optimizer) == list(RATES)
    scheduler.step(1.0)
    assert rates(optimizer) == pytest.approx([0.03, 0.002])


def test_plateau_keeps_its_metric_and_lowers_small_rates() -> None:
    optimizer, scheduler = build("plateau", {"metric": "val_f1", "mode": "max", "patience": 0})
    assert scheduler.metric == "val_f1" and scheduler.state_dict()["metric"] == "val_f1"
    for _ in range(12):
        scheduler.step(0.5)
    assert rates(optimizer) == pytest.approx([rate * 1e-11 for rate in RATES])


@pytest.mark.parametrize(
    ("name", "settings", "text"),
    [
        ("step", {"every": 0}, "every must be at least 1"),
        ("step", {"factor": 0.0}, "factor must be greater than 0"),
        ("exponential", {"factor": -0.5}, "factor must be greater than 0"),
        ("multistep", {"milestones": [2], "factor": 0.0}, "factor must be greater than 0"),
        *(
            ("multistep", {"milestones": wrong}, "milestones must be")
            for wrong in ([], [0, 3], [3, 3], [5, 2])
        ),
        ("linear", {"end_factor": -0.1}, "end_factor must be from 0 to 1"),
        ("linear", {"end_factor": 1.1}, "end_factor must be from 0 to 1"),
        ("polynomial", {"power": 0.0}, "power must be greater than 0"),
        ("cosine_restarts", {"first": 0}, "first must be at least 1"),
        ("cosine_restarts", {"growth": 0}, "growth must be at least 1"),
        *(
            (name, {"minimum": wrong}, "minimum must be from 0 to the learning rate, 0.02")
            for name in ("cosine", "cosine_restarts", "plateau")
            for wrong in (-0.1, 0.021)
        ),
        ("plateau", {"mode": "best"}, "mode must be min or max"),
        ("plateau", {"factor": 0.0}, "factor must be greater than 0 and less than 1"),
        ("plateau", {"factor": 1.0}, "factor must be greater than 0 and less than 1"),
        ("plateau", {"threshold": -0.1}, "threshold must be at least 0 and less than 1"),
        ("plateau", {"threshold": 1.0}, "threshold must be at least 0 and less than 1"),
        ("plateau", {"patience": -1}, "patience must be at least 0"),
        ("plateau", {"cooldown": -1}, "cooldown must be at least 0"),
    ],
)
def test_settings_that_are_wrong_are_named(name: str, settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        build(name, settings)


def test_no_scheduler_or_loss_imports_the_compiler() -> None:
    """It takes more than a second, in every job."""
    text = f"""
import sys
from assay.construct import load
for group, components in {[(group, names(group)) for group in ("schedulers", "losses")]!r}:
    for name in components:
        load(group, name)
assert "torch" in sys.modules and "torch._dynamo" not in sys.modules
"""
    scripts = Path(__file__).parents[2] / "scripts"
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=scripts, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
