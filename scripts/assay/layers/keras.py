"""Keras 3 models as torch modules, which Assay's own loop trains, saves and continues as any other.

The torch module owns every tensor: what Keras trains as parameters, all else (moving statistics) as buffers,
under the names of the layers. For each call they are lent to Keras, which computes and keeps nothing. So a
checkpoint is complete, and only the gradients of parameters are stepped.

Keras is an extra (`EXTRA`), and is imported when such a model is made and not before.
"""

from __future__ import annotations

import importlib
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from assay.errors import UserError

EXTRA = "pip install -r envs/requirements-keras.lock"
_SEEDS = 2**31 - 1
"""How many seeds there are: Keras keeps them as 32-bit integers."""


def load_keras() -> Any:
    """The package `keras` on the torch backend. Importing it leaves the random states as they are.

    Raises:
        UserError: it is not installed, too old, or has another backend.
    """
    if "keras" not in sys.modules:
        backend = os.environ.get("KERAS_BACKEND") or "torch"
        if backend != "torch":
            raise UserError(
                f"KERAS_BACKEND is {backend!r}, and Keras models are trained on torch: unset it, or say torch"
            )
        os.environ["KERAS_BACKEND"] = backend
    state = random.getstate()  # rich, which Keras imports, draws from it
    try:
        keras = importlib.import_module("keras")
    except ImportError as error:
        raise UserError(f"a Keras model needs Keras, which is an extra: {EXTRA} ({error})") from error
    finally:
        random.setstate(state)
    if int(keras.__version__.split(".")[0]) < 3:
        raise UserError(f"a Keras model needs Keras 3, not {keras.__version__}: {EXTRA}")
    if keras.config.backend() != "torch":
        raise UserError(
            f"keras was imported with the backend {keras.config.backend()!r}: Assay trains Keras models on "
            "torch; set KERAS_BACKEND=torch before it is imported"
        )
    return keras


class KerasModel(nn.Module):
    """A Keras model, made of its layers; the last of them is `head`.

    First weights and all that the layers draw later come from torch's global generators.

    Args:
        input_shape: shape of one sample.
        layers: is called with the package `keras` and a symbolic input (batch, *input_shape), and returns the
            symbolic output. The defaults of its layers are channels first and torch's default dtype.

    Raises:
        UserError: there is no Keras on the torch backend.
        ValueError: the layers do not end with one layer, or ask for what the loop does not do.
    """

    def __init__(self, input_shape: Sequence[int], layers: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        keras = load_keras()
        drawn, seed = torch.randint(_SEEDS, (2,)).tolist()
        state = random.getstate()
        random.seed(drawn)  # of which Keras makes the seeds of its initializers
        try:
            with keras.device("cpu"):
                unseeded = keras.random.SeedGenerator(seed)
            with _settled(keras, torch.device("cpu"), unseeded):
                inputs = keras.Input(tuple(input_shape), name="input")
                model = keras.Model(inputs, layers(keras, inputs), name="model")
                last = _last_layer(keras, model)
                body = keras.Model(inputs, last.input, name="body")
        finally:
            random.setstate(state)
        _require_plain(keras, model)
        if len(model.weights) < len(body.weights) + len(last.weights):
            raise ValueError("the last Keras layer, the head, may not share weights with the others")
        self._keras = _Shared(model)
        self.body = KerasPart(keras, body, unseeded)
        self.head = KerasPart(keras, last, unseeded, f"{last.name}/")

    def embed(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → (batch, …): what the last layer sees."""
        result: Tensor = self.body(inputs)
        return result

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, *input_shape) → what the last layer gives."""
        result: Tensor = self.head(self.embed(inputs))
        return result

    def keras_model(self) -> Any:
        """The `keras.Model`, on the CPU, with the weights of now: to save as a Keras file, say."""
        keras = load_keras()
        with keras.device("cpu"):
            for part in (self.body, self.head):
                for variable, value in part.values():
                    variable.assign(value.detach())
        return self._keras.value


class KerasPart(nn.Module):
    """A Keras layer or model, built, as a torch module that owns its tensors.

    Args:
        keras: the package.
        layer: the layer or model.
        unseeded: the generator for what is drawn without one.
        prefix: what Keras' names of the weights begin with and those of this module do not.
    """

    def __init__(self, keras: Any, layer: Any, unseeded: Any, prefix: str = "") -> None:
        super().__init__()
        variables = list(layer.weights)
        seeds = [variable for variable in layer.variables if variable.name == "seed_generator_state"]
        self._keras = _Shared((keras, layer, variables, [*seeds, unseeded.state], unseeded))
        self._places = [_register(self, item.path.removeprefix(prefix), item) for item in variables]

    def values(self) -> Iterator[tuple[Any, Tensor]]:
        """Each Keras variable and the tensor that is its value."""
        _, _, variables, _, _ = self._keras.value
        for variable, (owner, name) in zip(variables, self._places, strict=True):
            yield variable, getattr(owner, name)

    def forward(self, inputs: Tensor) -> Tensor:
        """What the layer makes of the inputs; in training its statistics are carried on."""
        keras, layer, _, seeds, unseeded = self._keras.value
        lent = [
            (variable, value.clone() if self.training and not variable.trainable else value)
            for variable, value in self.values()  # what a backward pass still needs may not change
        ]
        states = torch.zeros(len(seeds), 2, dtype=torch.int32)
        states[:, 0] = torch.randint(_SEEDS, (len(seeds),))
        with _settled(keras, inputs.device, unseeded):
            scope = keras.StatelessScope(lent, collect_losses=True)
            for variable, state in zip(seeds, states, strict=True):
                scope.add_update((variable, state))  # stays on the CPU: Keras would wait for a GPU's
            with scope:
                result: Tensor = layer(inputs, training=self.training)
        if scope.losses:
            raise UserError("a Keras layer adds a loss of its own, which the recipe's loss would leave out")
        if self.training:
            with torch.no_grad():
                for variable, value in self.values():
                    if not variable.trainable:
                        value.copy_(scope.get_current_value(variable))
        return result


@dataclass(frozen=True)
class _Shared:
    """What is Keras': it holds no state of the module, so copies of a module share it."""

    value: Any

    def __deepcopy__(self, memo: dict[int, Any]) -> _Shared:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Keras model is saved by its state_dict, or as keras_model() by Keras")


@contextmanager
def _settled(keras: Any, device: torch.device, unseeded: Any) -> Iterator[None]:
    """Keras with the globals that a run decides, and afterwards with those it had.

    They would come from a file in the user's home, from what the process did before, and from the machine.
    """
    config = keras.config
    tracker = importlib.import_module("keras.src.backend.common.global_state")  # has no public name
    before = config.floatx(), config.image_data_format(), config.epsilon()
    attributes = {"object_name_uids": None, "dtype_policy": None, "global_seed_generator": unseeded}
    earlier = {name: tracker.get_global_attribute(name) for name in attributes}
    _set_globals(config, str(torch.get_default_dtype()).removeprefix("torch."), "channels_first", 1e-7)
    try:
        for name, value in attributes.items():
            tracker.set_global_attribute(name, value)
        with keras.device(str(device)):
            yield
    finally:
        _set_globals(config, *before)
        for name, value in earlier.items():
            tracker.set_global_attribute(name, value)


def _set_globals(config: Any, floatx: str, data_format: str, epsilon: float) -> None:
    config.set_floatx(floatx)
    config.set_image_data_format(data_format)
    config.set_epsilon(epsilon)


def _last_layer(keras: Any, model: Any) -> Any:
    """The layer that gives the model's output and has one input.

    Raises:
        ValueError: there is none.
    """
    last = model.operations[-1]
    if (
        not isinstance(last, keras.Layer)
        or last.output is not model.output
        or not isinstance(last.input, keras.KerasTensor)
    ):
        raise ValueError(
            "a Keras model must end with one layer, used once, with one input: that is its head; "
            "keras.layers.Identity() is one"
        )
    return last


def _require_plain(keras: Any, model: Any) -> None:
    """Refuse what would be left out in silence: Assay's loop knows the recipe's loss and optimizer alone."""
    for variable in model.weights:
        for kind in ("regularizer", "constraint"):
            if getattr(variable, kind) is not None:
                raise ValueError(
                    f"Keras layers may have no {kind}, as {variable.path} has: the loop has none"
                )
    if any(isinstance(layer, keras.layers.TorchModuleWrapper) for layer in model._flatten_layers()):
        raise ValueError("Keras layers may hold no torch modules: a torch module can be the model itself")


def _register(module: nn.Module, path: str, variable: Any) -> tuple[nn.Module, str]:
    """Make a copy of a variable's value part of a module; where it stands: its owner and its name there.

    Args:
        module: the part.
        path: `layer/name`, of any depth.
        variable: trainable ones become parameters, others buffers.
    """
    *layers, name = path.replace(".", "_").split("/")
    owner = module
    try:
        for layer in layers:
            if layer not in dict(owner.named_children()):
                owner.add_module(layer, nn.Module())
            owner = owner.get_submodule(layer)
        value = variable.value.detach().clone()
        if variable.trainable:
            owner.register_parameter(name, nn.Parameter(value))
        else:
            owner.register_buffer(name, value)
    except KeyError as error:
        raise ValueError(f"the Keras variable {path} needs a layer of another name: {error}") from error
    return owner, name
