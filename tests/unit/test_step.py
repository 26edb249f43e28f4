"""A step: accumulation, clipping, mixed precision, warm-up, several optimizers; against torch written out."""

from __future__ import annotations

import math
from typing import Any

import pytest
import small
import torch
from assay.tasks.classification import Classification
from assay.training import checkpoint
from assay.training.loop import Keeper, train_epoch
from small import trained
from torch.nn import functional

SGD = {"optimizer": {"name": "sgd", "momentum": 0.0}, "learning_rate": 0.1}


def weights(run: small.Trained) -> list[torch.Tensor]:
    return [parameter.detach() for parameter in run.task.model.parameters()]


@pytest.mark.parametrize("accumulate", [2, 3, 4, 7])
def test_accumulated_batches_are_one_batch(accumulate: int) -> None:
    """30 samples in batches of 7 and 2: whatever is left at the end of an epoch has its right weight."""
    parts = trained(training=SGD | {"batch_size": 7, "accumulate": accumulate})
    whole = trained(training=SGD | {"batch_size": 7 * accumulate})
    for own, expected in zip(weights(parts), weights(whole), strict=True):
        assert torch.allclose(own, expected, rtol=1e-4, atol=1e-6)
    losses = [[row["train_loss"] for row in run.history.rows] for run in (parts, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_last_group_of_batches_is_stepped_once() -> None:
    steps: list[int] = []

    class Count(Keeper):
        def after_step(self, run: Any) -> None:
            steps.append(run.step)

    run = small.built(training={"batch_size": 7, "accumulate": 3})
    train_epoch(run, small.parts()[0], Count())
    assert steps == [1] and run.step == 2 and len(run.sums) == 5


@pytest.mark.parametrize("limit", [0.01, 0.3, 1e6])
def test_clipping_is_torchs(limit: float) -> None:
    """One step of one batch against the formula g * min(1, limit / (norm + 1e-6))."""
    training = SGD | {"batch_size": 64, "epochs": 1, "clip_norm": limit}
    run = trained(training=training)
    bare = small.built(training=training)
    before = [parameter.detach().clone() for parameter in bare.task.model.parameters()]
    data = small.parts()[0]
    order = torch.randperm(30)  # one batch holds all samples: only the last bits depend on their order
    inputs, targets = next(data.batches([order]))
    functional.cross_entropy(bare.task.model(inputs), targets).backward()
    gradients = [parameter.grad for parameter in bare.task.model.parameters()]
    norm = math.sqrt(sum(float(gradient.double().square().sum()) for gradient in gradients))
    scale = min(1.0, limit / (norm + 1e-6))
    for own, start, gradient in zip(weights(run), before, gradients, strict=True):
        assert torch.allclose(own, start - 0.1 * scale * gradient, atol=1e-7)
    assert run.history.rows[0]["gradient_norm"] == pytest.approx(norm, rel=1e-5)


def test_noting_the_gradient_norm_changes_no_weight() -> None:
    noted, plain = trained(training={"gradient_norm": True}), trained()
    assert all(torch.equal(a, b) for a, b in zip(weights(noted), weights(plain), strict=True))
    assert "gradient_norm" in noted.history.rows[0] and "gradient_norm" not in plain.history.rows[0]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_computes_in_half_and_learns_alike(precision: str) -> None:
    seen: set[torch.dtype] = set()
    run = small.built(training=SGD | {"epochs": 1}, numerics={"mixed_precision": precision})
    run.task.model.hidden[1].register_forward_hook(lambda module, given, result: seen.add(result.dtype))
    before = [parameter.detach().clone() for parameter in run.task.model.parameters()]
    train_epoch(run, small.parts()[0], Keeper())
    assert seen == {torch.bfloat16 if precision == "bf16" else torch.float16}
    full = small.built(training=SGD | {"epochs": 1})
    train_epoch(full, small.parts()[0], Keeper())
    pairs = zip(run.task.model.parameters(), full.task.model.parameters(), before, strict=True)
    for own, expected, start in pairs:
        assert own.dtype is torch.float32
        assert torch.allclose(own, expected, atol=0.02) and not torch.equal(own, start)


def test_the_scaler_skips_a_step_that_overflows_and_its_state_is_kept() -> None:
    run = small.built(training=SGD | {"batch_size": 64}, numerics={"mixed_precision": "fp16"})
    assert run.scaler is not None
    run.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    before = [parameter.detach().clone() for parameter in run.task.model.parameters()]
    train_epoch(run, small.parts()[0], Keeper())
    after = [*run.task.model.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert run.scaler.get_scale() == 2.0**39
    state = checkpoint.snapshot(run)
    again = small.built(training=SGD | {"batch_size": 64}, numerics={"mixed_precision": "fp16"})
    checkpoint.restore(again, state)
    assert again.scaler is not None and again.scaler.get_scale() == 2.0**39


@pytest.mark.parametrize(("warmup", "first"), [(1, 4), (0.5, 2), (1.5, 6), (0, 0)])
def test_the_warm_up_rises_in_equal_parts(warmup: float, first: int) -> None:
    """30 samples in batches of 8: four steps an epoch."""
    rates: list[float] = []

    class Rates(Keeper):
        def after_step(self, run: Any) -> None:
            rates.append(run.learning_rate)

        after_epoch = after_step

    training = SGD | {"epochs": 4, "warmup_epochs": warmup, "scheduler": {"name": "step", "every": 1}}
    run = trained(training=training, keeper=Rates())
    rising = [0.1 * (step + 1) / first for step in range(first)]
    whole = math.ceil(warmup)
    flat = [0.1] * (4 * (whole + 1) - first - 1)
    expected = rising + flat
    seen = [rate for index, rate in enumerate(rates) if index < len(expected)]
    assert seen == pytest.approx(expected)
    scheduled = [0.1 * 0.1 ** max(0, epoch - whole - 1) for epoch in (1, 2, 3, 4)]
    shares = [min(1, 4 * epoch / first) if first else 1 for epoch in (1, 2, 3, 4)]
    last = [rate * share for rate, share in zip(scheduled, shares, strict=True)]
    assert [row["learning_rate"] for row in run.history.rows] == pytest.approx(last)


class Rivals(Classification):
    """Two optimizers: one for the last layer, one for what is before it."""

    metrics = Classification.metrics

    def optimized(self) -> dict[str, Any]:
        return {"hidden": self.model.hidden.parameters(), "head": self.model.head.parameters()}

    def training_step(self, batch: Any, optimizer: str) -> Any:
        loss, sums = super().training_step(batch, optimizer)
        return loss, {f"{name}_{optimizer}": value for name, value in sums.items()} | sums


@pytest.mark.parametrize("accumulate", [1, 2])
def test_optimizers_take_turns_and_leave_each_others_weights_alone(accumulate: int) -> None:
    training = SGD | {"batch_size": 15 // accumulate, "accumulate": accumulate, "gradient_norm": True}
    run = small.built(task=f"{__name__}:Rivals", training=training)
    bare = small.built(training=training).task
    data = small.parts()[0]
    rows = train_epoch(run, data, Keeper())
    assert {"loss_hidden", "loss_head", "correct_head"} <= rows.keys()
    assert run.gradient_norms.keys() == {"hidden", "head"}
    from assay import streams

    order = torch.randperm(30, generator=streams.generator(0, "order", 1))
    for positions in order.split(15 // accumulate * accumulate):
        inputs, targets = next(data.batches([positions]))
        for layers in (bare.model.hidden, bare.model.head):
            parameters = list(layers.parameters())
            loss = functional.cross_entropy(bare.model(inputs), targets)
            for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                parameter.data -= 0.1 * gradient
    for own, expected in zip(run.task.model.parameters(), bare.model.parameters(), strict=True):
        assert own.requires_grad and torch.allclose(own, expected, atol=1e-6)


def test_a_model_without_parameters_is_refused() -> None:
    from assay.errors import UserError

    with pytest.raises(UserError, match="has no parameters to train"):
        small.built(model=f"{__name__}:Nothing")


class Nothing(torch.nn.Module):
    def __init__(self, input_shape: Any, outputs: int) -> None:
        super().__init__()
