"""Keras beside the rest: an extra, named where it lacks and imported where it is used; what the loop does not do
is refused; nothing outside of a recipe (the machine, its files, the process) reaches a Keras model."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from assay.components import define
from assay.errors import UserError
from assay.layers.keras import EXTRA, KerasModel, load_keras
from assay.losses.supervised_contrastive import SupervisedContrastive
from assay.models.keras_cnn import KerasCNN
from assay.models.keras_mlp import KerasMLP
from assay.tasks.contrastive import Contrastive
from conftest import ROOT
from torch import nn

needs_keras = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="Keras, an extra, is not installed"
)


def printed(program: str, *arguments: str, **environment: str) -> str:
    """What a program prints in a process of its own."""
    start = "import sys; sys.path[:0] = ['scripts', 'tests/unit']\n"
    command = [sys.executable, "-c", start + program, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_keras_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(UserError) as caught:
        load_keras()
    assert EXTRA in str(caught.value) and "\n" not in str(caught.value)


def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(UserError, match="KERAS_BACKEND is 'jax'"):
        load_keras()


@pytest.mark.parametrize(
    ("version", "backend", "text"), [("2.15.0", "tensorflow", "Keras 3"), ("3.15.1", "jax", "backend 'jax'")]
)
def test_another_keras_is_refused(
    version: str, backend: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras = types.SimpleNamespace(__version__=version, config=types.SimpleNamespace(backend=lambda: backend))
    monkeypatch.setitem(sys.modules, "keras", keras)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=text):
        load_keras()


def test_reading_the_models_and_training_others_import_no_keras() -> None:
    assert define("models", "keras_cnn").settings.keys() == define("models", "cnn").settings.keys()
    assert define("models", "keras_mlp").settings.keys() == define("models", "mlp").settings.keys()
    defaults = [
        [setting.default for setting in define("models", name).settings.values()]
        for name in ("cnn", "keras_cnn", "mlp", "keras_mlp")
    ]
    assert defaults[0] == defaults[1] and defaults[2] == defaults[3]
    program = """
from assay import components, construct, single
from assay.configuration import configure
recipe = single.from_settings({"model": {"name": "keras_cnn"}}, {}, configure())
for name in ("keras_cnn", "keras_mlp"): construct.load("models", name)
import small
small.trained()
print([name for name in ("keras", "rich", "h5py") if name in sys.modules])
"""
    assert printed(program) == "[]"


REFUSED: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "regularizer": ("no regularizer", lambda k, x: k.layers.Dense(3, kernel_regularizer="l2")(x)),
    "constraint": ("no constraint", lambda k, x: k.layers.Dense(3, bias_constraint="non_neg")(x)),
    "loss": ("adds a loss", lambda k, x: k.layers.Dense(3, activity_regularizer="l2")(x)),
    "operation last": ("end with one layer", lambda k, x: k.ops.relu(k.layers.Dense(3)(x))),
    "two outputs": ("end with one layer", lambda k, x: [k.layers.Dense(3)(x), k.layers.Dense(2)(x)]),
    "layer used twice": ("used once", lambda k, x: (lambda layer: layer(layer(x)))(k.layers.Dense(4))),
    "torch module": (
        "no torch modules",
        lambda k, x: k.layers.TorchModuleWrapper(nn.Linear(4, 3), output_shape=(None, 3))(x),
    ),
    "name": ("another name", lambda k, x: k.layers.Dense(3)(k.layers.Dense(3, name="type")(x))),
}


@needs_keras
@pytest.mark.parametrize("kind", REFUSED)
def test_what_the_loop_would_leave_out_is_refused(kind: str) -> None:
    text, layers = REFUSED[kind]
    with pytest.raises((ValueError, UserError), match=text):
        KerasModel((4,), layers)(torch.zeros(2, 4))


@pytest.mark.parametrize(
    "settings", [{"kernel_size": 4}, {"channels": (2, 0)}, {"channels": (2, 2, 2, 2)}, {"dropout": 1.5}]
)
def test_a_wrong_setting_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        KerasCNN((1, 8, 8), 3, **settings)


@needs_keras
def test_body_and_head_are_what_contrastive_trains() -> None:
    meta = {"targets": "classes", "classes": ["a", "b", "c"]}
    task = Contrastive(meta, KerasMLP((4,), 3), SupervisedContrastive())
    value, sums = task.training_step((torch.randn(9, 4), torch.arange(9) % 3), "model")
    value.backward()
    assert all(parameter.grad is not None for parameter in task.parameters()) and "probe" in sums


RUN = """
import random
import numpy as np
import torch
import small
from assay.layers.keras import load_keras
from assay.training import checkpoint

def state():
    switches = torch.get_default_dtype(), torch.get_num_threads(), torch.get_float32_matmul_precision()
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(), switches

before = state()
keras = load_keras()
assert state() == before, "importing Keras has changed a random state or a switch of torch"
SETTINGS = {"model": {"name": "keras_mlp", "widths": [5], "dropout": 0.4}}
if len(sys.argv) > 1:
    keras.config.set_dtype_policy("mixed_float16")
    small.trained(seed=1, model={"name": "keras_mlp"})
told = keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy().name
print(checkpoint.digest(small.trained(**SETTINGS).last))
assert told == (keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy().name)
assert keras.layers.Dense(1).name == "dense"
"""


@needs_keras
def test_a_run_has_the_same_bits_whatever_the_machine_and_the_process_say(tmp_path: Path) -> None:
    config = {"floatx": "float16", "epsilon": 0.5, "backend": "jax", "image_data_format": "channels_last"}
    (tmp_path / "keras.json").write_text(json.dumps(config))
    plain = printed(RUN, KERAS_HOME=str(tmp_path / "none"), KERAS_BACKEND="")
    # a machine with a GPU, where Keras computes on it unless told otherwise
    other = printed(RUN, "after another", KERAS_HOME=str(tmp_path), KERAS_TORCH_DEVICE="cuda")
    assert len(plain) == 64
    assert other == plain
