"""LSTM and transformer against their equations written out in NumPy; sequences against loops."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from assay import components, construct
from assay.models._sequence import as_sequence, sequence_shape
from assay.models.lstm import LSTM
from assay.models.transformer import Transformer, sinusoidal_positions
from scipy.special import erf, expit
from torch import nn
from torch.nn import functional

SHAPES = [(6,), (3, 5), (2, 4, 3)]
MODELS = [LSTM, Transformer]


@pytest.fixture(autouse=True)
def _double() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(before)


def brute_force_sequence(sample: np.ndarray) -> np.ndarray:
    """(length, values) of one sample, position by position."""
    if sample.ndim == 1:
        return np.array([[value] for value in sample])
    length = sample.shape[1]
    return np.array([np.concatenate([np.ravel(channel[t]) for channel in sample]) for t in range(length)])


def arrays(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy() for name, value in module.named_parameters()}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sample_is_read_position_by_position(shape: tuple[int, ...]) -> None:
    inputs = torch.randn(7, *shape)
    found = as_sequence(inputs)
    expected = np.stack([brute_force_sequence(sample) for sample in inputs.numpy()])
    assert found.shape[1:] == sequence_shape(shape)
    np.testing.assert_array_equal(found.numpy(), expected)


def numpy_lstm(w: dict[str, np.ndarray], sequence: np.ndarray, suffix: str) -> np.ndarray:
    """States (length, hidden) of one layer in one direction, as torch.nn.LSTM documents them."""
    w = {name.removesuffix(suffix) if suffix else name: value for name, value in w.items()}
    size = w["weight_hh_l0"].shape[1]
    state, cell, states = np.zeros(size), np.zeros(size), []
    for values in sequence:
        gates = w["weight_ih_l0"] @ values + w["bias_ih_l0"] + w["weight_hh_l0"] @ state + w["bias_hh_l0"]
        enter, forget, candidate, out = np.split(gates, 4)
        cell = expit(forget) * cell + expit(enter) * np.tanh(candidate)
        state = expit(out) * np.tanh(cell)
        states.append(state)
    return np.array(states)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_lstm_is_its_equations(shape: tuple[int, ...], bidirectional: bool) -> None:
    model = LSTM(shape, 3, hidden=4, layers=2, bidirectional=bidirectional, dropout=0.5).eval()
    inputs = torch.randn(5, *shape)
    expected = []
    for sample in inputs.numpy():
        sequence = brute_force_sequence(sample)
        for layer in model.layers:
            weights = arrays(layer)
            there = {name: value for name, value in weights.items() if not name.endswith("_reverse")}
            states = [numpy_lstm(there, sequence, "")]
            last = states[0][-1]
            if bidirectional:
                back = {name: value for name, value in weights.items() if name.endswith("_reverse")}
                states.append(numpy_lstm(back, sequence[::-1], "_reverse")[::-1])
                last = np.concatenate([last, states[1][0]])  # its last state is at the first position
            sequence = np.concatenate(states, axis=1)
        expected.append(last)
    np.testing.assert_allclose(model.embed(inputs).detach().numpy(), expected, rtol=0, atol=1e-12)


def normalised(values: np.ndarray, w: dict[str, np.ndarray], name: str) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return centred / scale * w[f"{name}.weight"] + w[f"{name}.bias"]


def numpy_layer(values: np.ndarray, w: dict[str, np.ndarray], heads: int) -> np.ndarray:
    """One encoder layer, normalised first: (length, width) → (length, width)."""
    width = values.shape[1]
    inner = normalised(values, w, "norm1") @ w["self_attn.in_proj_weight"].T + w["self_attn.in_proj_bias"]
    query, key, value = np.split(inner, 3, axis=1)
    found = []
    for head in np.split(np.arange(width), heads):
        scores = np.exp(query[:, head] @ key[:, head].T / math.sqrt(width / heads))
        found.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, head])
    attended = np.concatenate(found, axis=1)
    values = values + attended @ w["self_attn.out_proj.weight"].T + w["self_attn.out_proj.bias"]
    wide = normalised(values, w, "norm2") @ w["linear1.weight"].T + w["linear1.bias"]
    wide = wide * (1 + erf(wide / math.sqrt(2))) / 2  # GELU
    return values + wide @ w["linear2.weight"].T + w["linear2.bias"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
@pytest.mark.parametrize("recorded", [True, False])  # without gradients torch takes a shorter way
def test_transformer_is_its_equations(shape: tuple[int, ...], positions: Any, recorded: bool) -> None:
    model = Transformer(shape, 3, width=8, heads=2, positions=positions).eval()
    with torch.no_grad():
        for value in model.parameters():  # biases that are not zero, norms that are not one
            value.add_(0.1 * torch.randn_like(value))
    inputs = torch.randn(5, *shape)
    with torch.set_grad_enabled(recorded):
        found = model.embed(inputs).detach().numpy()
    weights, order = arrays(model), model.positions.detach().numpy()
    for sample, features in zip(inputs.numpy(), found, strict=True):
        values = brute_force_sequence(sample) @ weights["project.weight"].T + weights["project.bias"] + order
        for layer in model.layers:
            values = numpy_layer(values, arrays(layer), 2)
        expected = normalised(values, weights, "norm").mean(axis=0)
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("width", [6, 7])
def test_sinusoidal_positions_are_the_papers(width: int) -> None:
    """Section 3.5 of Vaswani et al. 2017, number by number."""
    found = sinusoidal_positions(9, width)
    assert found.shape == (9, width)
    for position in range(9):
        for index in range(width):
            angle = position / 10000 ** ((index - index % 2) / width)
            expected = math.cos(angle) if index % 2 else math.sin(angle)
            assert float(found[position, index]) == pytest.approx(expected, abs=1e-14)


def test_positions_are_fixed_or_trained() -> None:
    fixed, learned = (Transformer((6,), 2, positions=kind) for kind in ("sinusoidal", "learned"))
    assert "positions" not in fixed.state_dict()
    assert torch.equal(fixed.positions, sinusoidal_positions(6, 32))
    learned(torch.randn(3, 6)).sum().backward()
    assert learned.positions.grad is not None
    assert bool((learned.positions.grad != 0).any())


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_models_keep_the_contract(model_class: type[nn.Module], shape: tuple[int, ...]) -> None:
    """forward = head(embed), as many outputs as asked for, every weight used, the order matters."""
    model: Any = model_class(shape, 4, dropout=0.0)
    inputs = torch.randn(6, *shape)
    outputs = model(inputs)
    assert outputs.shape == (6, 4)
    assert torch.equal(outputs, model.head(model.embed(inputs)))
    assert isinstance(model.head, nn.Linear)
    assert model.embed(inputs).shape == (6, model.head.in_features)
    functional.cross_entropy(outputs, torch.arange(6) % 4).backward()
    unused = [name for name, p in model.named_parameters() if p.grad is None or not bool(p.grad.any())]
    assert unused == []
    reversed_order = inputs.flip(1 if len(shape) == 1 else 2)
    assert not torch.allclose(model(reversed_order), outputs, atol=1e-4)


@pytest.mark.parametrize("model_class", MODELS)
def test_layers_start_with_weights_of_their_own(model_class: type[nn.Module]) -> None:
    first, second, *_ = model_class((3, 5), 2, layers=3).layers
    sizes = [(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True) if a.dim() == 2]
    assert not any(torch.equal(a, b) for a, b in sizes)


@pytest.mark.parametrize("model_class", MODELS)
def test_dropout_draws_from_the_global_generator_and_only_in_training(model_class: type[nn.Module]) -> None:
    model, inputs = model_class((3, 5), 2, layers=2, dropout=0.5), torch.randn(4, 3, 5)

    def drawn(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return model(inputs)

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    model.eval()
    assert torch.allclose(drawn(1), drawn(2), rtol=0, atol=1e-12)


def test_lstm_drops_between_layers_and_before_the_last() -> None:
    model, seen = LSTM((3, 5), 2, layers=3, dropout=1.0), []
    for layer in model.layers:
        layer.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    outputs = model(torch.randn(4, 3, 5))
    assert [bool(values.any()) for values in seen] == [True, False, False]
    assert torch.equal(outputs, model.head.bias.expand(4, 2))


@pytest.mark.parametrize(
    ("model_class", "settings", "text"),
    [
        (LSTM, {"hidden": 0}, "hidden must be at least 1, not 0"),
        (LSTM, {"layers": 0}, "layers must be at least 1, not 0"),
        (LSTM, {"dropout": 1.5}, "dropout must be from 0 to 1, not 1.5"),
        (Transformer, {"width": 0}, "width must be at least 1, not 0"),
        (Transformer, {"layers": 0}, "layers must be at least 1, not 0"),
        (Transformer, {"heads": 0}, "heads must be at least 1, not 0"),
        (Transformer, {"heads": 5}, "width must be a multiple of heads; 32 is not one of 5"),
        (Transformer, {"dropout": -0.1}, "dropout must be from 0 to 1, not -0.1"),
        (Transformer, {"positions": "rotary"}, "positions must be sinusoidal or learned, not 'rotary'"),
    ],
)
def test_wrong_settings_are_named(model_class: type[nn.Module], settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        model_class((6,), 2, **settings)


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize("shape", [(), (1, 2, 3, 4)])
def test_other_shapes_are_refused(model_class: type[nn.Module], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a sequence model needs a table"):
        model_class(shape, 2)


def test_they_are_found_by_name_with_their_settings() -> None:
    assert list(components.define("models", "lstm").settings) == [
        "hidden",
        "layers",
        "bidirectional",
        "dropout",
    ]
    names = ["width", "heads", "layers", "dropout", "positions"]
    assert list(components.define("models", "transformer").settings) == names
    assert construct.load("models", "lstm") is LSTM
    assert construct.load("models", "transformer") is Transformer


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_an_lstm_trains_in_mixed_precision(precision: torch.dtype) -> None:
    """Also where the processor has no LSTM of half precision."""
    model = construct.load("models", "lstm")((2, 9), 3, layers=2)
    with torch.autocast("cpu", precision):
        loss = model(torch.randn(4, 2, 9)).float().square().mean()
    loss.backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in model.parameters())
