"""Keras models: their torch twins are the oracle; what is drawn, saved, continued and refused."""

from __future__ import annotations

import copy
import importlib.util
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small
import torch
from assay.data.prepared import Prepared
from assay.errors import Interrupted, UserError
from assay.layers.keras import KerasModel
from assay.models.cnn import CNN
from assay.models.keras_cnn import KerasCNN
from assay.models.keras_mlp import KerasMLP
from assay.models.mlp import MLP
from assay.training import checkpoint
from assay.training.loop import Keeper, train
from assay.training.watch import Watch
from sklearn.datasets import load_digits
from test_resume import Stop, assert_same, keeper
from torch import Tensor, nn

installed = importlib.util.find_spec("keras") is not None
needs_keras = pytest.mark.skipif(not installed, reason="Keras, an extra, is not installed")
SHAPE = (2, 8, 8)
TWINS: dict[str, tuple[type[KerasModel], type[nn.Module], dict[str, Any]]] = {
    "cnn": (KerasCNN, CNN, {"channels": (4, 6)}),
    "cnn with batch norm": (KerasCNN, CNN, {"channels": (4, 6, 5), "kernel_size": 5, "batch_norm": True}),
    "cnn without blocks": (KerasCNN, CNN, {"channels": ()}),
    "mlp": (KerasMLP, MLP, {"widths": (7, 5)}),
    "mlp without layers": (KerasMLP, MLP, {"widths": ()}),
}
NOISY: dict[str, Any] = {
    "model": {"name": "keras_cnn", "channels": [3], "batch_norm": True, "dropout": 0.4},
    "training": {"accumulate": 2, "clip_norm": 0.5, "augmentations": ["noise"]},
}


MEANS = [
    (f"body.norm_{block + 1}.moving_mean", f"features.{4 * block + 1}.running_mean") for block in range(3)
]


@pytest.fixture(autouse=True)
def _deterministic() -> Iterator[None]:
    torch.set_deterministic_debug_mode("error")
    yield
    torch.set_deterministic_debug_mode("default")


def images() -> Prepared:
    data = small.prepared(features=64)
    meta = {**data.meta, "input_shape": [1, 8, 8]}
    return Prepared(data.inputs.reshape(-1, 1, 8, 8), data.targets, data.parts, meta)


def batch(count: int = 6) -> Tensor:
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(count))


def as_torch(value: Tensor) -> Tensor:
    """Keras' kernels are (height, width, in, out) and (in, out), torch's (out, in, height, width), (out, in)."""
    return value.permute(*{1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}[value.ndim])


def pair(name: str) -> tuple[KerasModel, nn.Module]:
    """A Keras model and its torch twin with the same random weights and statistics."""
    made, twin, settings = TWINS[name]
    own, other = made(SHAPE, 3, **settings), twin(SHAPE, 3, **settings)
    theirs = {k: v for k, v in other.state_dict().items() if not k.endswith("num_batches_tracked")}
    torch.manual_seed(1)
    for mine, value in zip(own.state_dict().values(), theirs.values(), strict=True):
        mine.copy_(torch.rand(mine.shape) * 0.3 + 0.1)
        value.copy_(as_torch(mine))
    return own, other


@needs_keras
@pytest.mark.parametrize("name", TWINS)
def test_outputs_are_those_of_the_torch_twin(name: str) -> None:
    own, other = pair(name)
    for mode in (False, True):
        found, expected = own.train(mode)(batch()), other.train(mode)(batch())
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        embeddings = own.embed(batch()), other.embed(batch())  # type: ignore[operator]
        torch.testing.assert_close(*embeddings, rtol=1e-5, atol=1e-5)
    assert torch.equal(own.head(own.eval().embed(batch())), own(batch()))


@needs_keras
@pytest.mark.parametrize("name", TWINS)
def test_training_from_the_same_weights_is_the_torch_twin_s(name: str) -> None:
    """Also that the optimizer gets all that Keras trains, and no statistics."""
    own, other = pair(name)
    before = copy.deepcopy(own.state_dict())
    for model in (own, other):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model.train()(batch()), torch.arange(6) % 3).backward()
            optimizer.step()
    for (key, mine), theirs in zip(own.named_parameters(), other.parameters(), strict=True):
        assert not torch.equal(mine, before[key])
        torch.testing.assert_close(as_torch(mine), theirs, rtol=1e-4, atol=1e-4)
    beside = sorted(set(before) - {key for key, _ in own.named_parameters()})
    assert [key.split(".")[-1] for key in beside] == ["moving_mean", "moving_variance"] * (len(beside) // 2)
    assert len(beside) == (6 if "norm" in name else 0)
    for own_name, other_name in MEANS if beside else ():
        torch.testing.assert_close(own.state_dict()[own_name], other.state_dict()[other_name])


@needs_keras
def test_moving_statistics_follow_training_and_not_evaluation() -> None:
    def layers(keras: Any, values: Any) -> Any:
        return keras.layers.Dense(2)(keras.layers.BatchNormalization(momentum=0.7)(values))

    model, values, name = (
        KerasModel((4,), layers),
        torch.randn(9, 4) * 3 + 1,
        "body.batch_normalization.moving",
    )
    model.train()(values)
    state = copy.deepcopy(model.state_dict())
    np.testing.assert_allclose(state[f"{name}_mean"], 0.3 * values.numpy().mean(0), rtol=1e-5)
    np.testing.assert_allclose(state[f"{name}_variance"], 0.7 + 0.3 * values.numpy().var(0), rtol=1e-5)
    model.eval()(values)
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


@needs_keras
def test_a_state_that_the_output_depends_on_is_carried_on_too() -> None:
    def layers(keras: Any, values: Any) -> Any:
        class Counting(keras.layers.Layer):  # type: ignore[misc, name-defined]
            def build(self, shape: Any) -> None:
                self.calls = self.add_weight((), "ones", trainable=False, name="calls")

            def call(self, values: Any) -> Any:
                result = values * self.calls
                self.calls.assign(self.calls + 1)
                return result

        return keras.layers.Dense(1)(Counting()(keras.layers.Dense(2)(values)))

    model = KerasModel((4,), layers).train()
    for calls in (1, 2, 3):
        hidden = nn.functional.linear(torch.ones(1, 4), model.body.dense_1.kernel.T)
        torch.testing.assert_close(model.embed(torch.ones(1, 4)), hidden * calls)
        model(torch.ones(1, 4)).sum().backward()
        model.body.counting.calls.fill_(calls + 1)
    model.eval()(torch.ones(1, 4))
    assert model.body.counting.calls == 4


@needs_keras
@pytest.mark.parametrize("made", [KerasCNN, KerasMLP])
def test_dropout_sets_its_share_of_what_the_head_sees_to_zero(made: Any) -> None:
    model = made(SHAPE, 3, dropout=0.25)
    kept, dropped = model.eval().embed(batch(60)), model.train().embed(batch(60))
    if made is KerasCNN:  # in the other, the values come from a layer whose inputs were dropped, too
        torch.testing.assert_close(dropped, torch.where(dropped == 0, 0, kept / 0.75))
    share = float((dropped == 0).float().mean()) - float((kept == 0).float().mean())
    assert share == pytest.approx(0.25 * float((kept != 0).float().mean()), abs=0.03)


DRAWING: dict[str, Callable[[Any], Any]] = {
    "dropout": lambda keras: keras.layers.Dropout(0.5),
    "dropout with a seed": lambda keras: keras.layers.Dropout(0.5, seed=3),
    "noise": lambda keras: keras.layers.GaussianNoise(0.5),
    "recurrent dropout": lambda keras: keras.layers.LSTM(4, dropout=0.5, recurrent_dropout=0.5),
    "without a generator": lambda keras: keras.layers.Lambda(lambda x: x + keras.random.normal(x.shape)),
}


@needs_keras
@pytest.mark.parametrize("kind", DRAWING)
def test_draws_are_those_of_the_step_whatever_came_before(kind: str) -> None:
    def layers(keras: Any, values: Any) -> Any:
        values = DRAWING[kind](keras)(keras.layers.Reshape((8, 16), name="rows")(values))
        return keras.layers.Dense(3)(keras.layers.Flatten()(values))

    model, again = KerasModel(SHAPE, layers).train(), KerasModel(SHAPE, layers).train()
    again.load_state_dict(model.state_dict())
    torch.manual_seed(1)
    first, following = model(batch()), model(batch())
    torch.manual_seed(2)
    other = model(batch())
    for made in (model, again):
        torch.manual_seed(1)
        assert torch.equal(made(batch()), first)
    assert not torch.equal(first, following) and not torch.equal(first, other)
    assert not any("seed" in key for key in model.state_dict())


@needs_keras
def test_first_weights_and_their_names_are_a_function_of_the_stream() -> None:
    def weights(seed: int) -> dict[str, Tensor]:
        torch.manual_seed(seed)
        return dict(KerasModel((4,), lambda k, x: k.layers.Dense(2)(k.layers.Dense(3)(x))).state_dict())

    before = random.getstate()
    first, other, again = weights(0), weights(1), weights(0)
    assert random.getstate() == before
    assert list(first) == ["body.dense_1.kernel", "body.dense_1.bias", "head.kernel", "head.bias"]
    assert all(torch.equal(value, again[key]) for key, value in first.items()) and list(again) == list(first)
    assert not torch.equal(first["body.dense_1.kernel"], other["body.dense_1.kernel"])
    limit = (6 / (4 + 3)) ** 0.5  # Glorot & Bengio 2010, equation 16
    assert float(first["body.dense_1.kernel"].abs().max()) <= limit and not first["head.bias"].any()


@needs_keras
@pytest.mark.parametrize("step", range(1, 6))
def test_a_run_continues_from_every_step_to_the_same_bytes(tmp_path: Path, step: int) -> None:
    whole = small.trained(data=images(), **NOISY)
    with pytest.raises(Interrupted):
        small.trained(data=images(), keeper=Stop(tmp_path, step), **NOISY)
    run = small.built(data=images(), **NOISY)
    assert keeper(tmp_path).restore(run)
    again = train(run, *small.parts(images()), Watch(), keeper(tmp_path))
    assert_same(small.Trained(run, again), whole)


@needs_keras
def test_a_checkpoint_goes_into_a_new_model_of_its_class_alone(tmp_path: Path) -> None:
    done = small.trained(data=images(), **NOISY)
    assert done.last is not None
    checkpoint.save(tmp_path / "last.pt", done.last)
    state = checkpoint.load(tmp_path / "last.pt")
    assert state["model_class"] == "assay.models.keras_cnn:KerasCNN"
    fresh = small.built(seed=5, data=images(), **NOISY).task
    checkpoint.load_weights(fresh, state, "last.pt")
    values = torch.randn(4, 1, 8, 8)
    assert torch.equal(fresh.model(values), done.task.eval().model(values))
    with pytest.raises(UserError, match=r"holds a .*keras_cnn:KerasCNN, not a .*models\.cnn:CNN"):
        checkpoint.load_model(CNN((1, 8, 8), 3), state, "last.pt")


@needs_keras
@pytest.mark.parametrize(
    "numerics", [{}, {"mixed_precision": "bf16"}, {"mixed_precision": "fp16"}, {"dtype": "float64"}]
)
def test_batches_and_history_are_as_every_model_s(numerics: dict[str, str]) -> None:
    seen: dict[str, list[Tensor]] = {}
    columns = []
    torch.set_default_dtype(getattr(torch, numerics.get("dtype", "float32")))
    try:
        for name in ("cnn", "keras_cnn"):
            settings = {"model": {"name": name, "dropout": 0.5}, "numerics": numerics}
            run = small.built(data=images(), **(NOISY | settings))
            assert {p.dtype for p in run.task.model.parameters()} == {torch.get_default_dtype()}
            noted = seen.setdefault(name, [])
            run.task.model.register_forward_pre_hook(
                lambda _, given, noted=noted: noted.append(given[0].clone())
            )
            last = train(run, *small.parts(images()), Watch(), Keeper())
            assert last is not None and np.isfinite(run.history.rows[-1]["gradient_norm"])
            columns.append(list(run.history.rows[0]))
    finally:
        torch.set_default_dtype(torch.float32)
    assert columns[0] == columns[1]
    assert len(seen["cnn"]) > 10
    assert all(torch.equal(own, other) for own, other in zip(*seen.values(), strict=True))


@needs_keras
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_digits_are_learned_as_by_the_torch_twin(name: str) -> None:
    pixels, targets = load_digits(return_X_y=True)
    parts = dict(zip(("train", "validation", "test"), np.split(np.arange(1797), (1200, 1500)), strict=True))
    meta = {"source": "digits", "input_shape": [1, 8, 8], "classes": list("0123456789")}
    data = Prepared(pixels.reshape(-1, 1, 8, 8).astype(np.float32) / 16, targets, parts, meta)
    training = {"epochs": 6, "learning_rate": 0.003, "batch_size": 32}
    found = [
        small.trained(data=data, model=which, training=training).history.rows[-1]["val_accuracy"]
        for which in (name, f"keras_{name}")
    ]
    assert min(found) > 0.9 and abs(found[0] - found[1]) < 0.05


@needs_keras
def test_copies_are_apart_and_the_keras_model_has_the_weights_of_now() -> None:
    own, _ = pair("cnn with batch norm")
    twin = copy.deepcopy(own).eval()
    before = twin(batch())
    for parameter in own.parameters():
        parameter.data += 0.1
    assert torch.equal(twin(batch()), before)
    expected = own.eval()(batch())
    assert not torch.equal(expected, before)
    torch.testing.assert_close(own.keras_model()(batch(), training=False), expected)
    torch.testing.assert_close(twin.keras_model()(batch(), training=False), before)
    assert torch.equal(own(batch()), expected) and torch.equal(twin(batch()), before)
