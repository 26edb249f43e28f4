"""A small study with many kinds of settings, the files that it needs, and what follows from what in it.

What follows is said here in so many words, and asks nothing of the library: the tests hold the library to it.
"""

from __future__ import annotations

import copy
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

STUDY: dict[str, Any] = yaml.safe_load("""
question: What decides an address?
notes: A note.
base:
  data:
    source: {name: csv, path: table.csv, target: kind, features: [one, two, three], separator: ";"}
  model: {name: mlp, widths: [6], dropout: 0.1}
  training: {epochs: 2, batch_size: 32, learning_rate: 0.01}
variants:
  plain: {}
  own:
    model: {name: "nets.small:Net", size: 5}
    loss: {name: focal, gamma: 1.5}
    training:
      optimizer: {name: sgd, momentum: 0.8}
      scheduler: {name: cosine, minimum: 0.0001}
      callbacks: [{name: early_stopping, patience: 3}]
      clip_norm: 1.0
    evaluation: {split: validation}
  taught:
    task: {name: distillation, teacher: plain}
    loss: {name: distillation, temperature: 3.0}
    model: {widths: [4]}
  images:
    data: {source: digits, split: {seed: run}}
    model: {name: cnn, channels: [2]}
    loss: label_smoothing
    training:
      optimizer: adam
      scheduler: {name: plateau, patience: 1}
      augmentations: [{name: shift, pixels: 1}, noise]
      callbacks: [{name: gradient_monitor, interval: 2}]
    numerics: {dtype: float64}
  adversarial:
    data: {source: digits}
    task: gan_autoencoder
    loss: mean_squared_error
    model:
      name: autoencoder
      latent_size: 6
      latent: {name: vector_quantised, codes: 8, parts: 2}
      encoder: {name: gnn, widths: [6]}
      decoder: {name: gan, channels: [4, 4]}
  values:
    data: {source: diabetes}
    task: regression
    loss: huber
    model: {widths: [4]}
    evaluation: {enabled: false}
seeds: 2
comparisons: {metric: val_loss, across_numerics: true}
""")
"""`nets.small` is a module of the user's, outside of the project."""

SEEDS = 2
VARIANTS = tuple(STUDY["variants"])
SHARED = ({"plain", "own", "taught"}, {"images"}, {"adversarial"}, {"values"})
"""Variants that learn from the same prepared data."""
SPLIT_ANEW = {"images"}
"""Variants whose data are prepared once a seed."""
LEARN_FROM = {"taught": "plain"}
"""Variant → the one whose runs it reads."""
UNEVALUATED = {"values"}

Place = tuple[str, str]
"""A stage and a variant: one recipe; the variant is empty where the recipe is the whole study's."""

ONCE_A_VARIANT = ("prepare", "train", "evaluate", "aggregate/variant")
ONCE_A_STUDY = ("aggregate/study", "compare", "report")


def everything() -> set[Place]:
    """Every recipe of the study."""
    each = {(stage, variant) for stage in ONCE_A_VARIANT for variant in VARIANTS}
    return {*(each - {("evaluate", variant) for variant in UNEVALUATED}), *((s, "") for s in ONCE_A_STUDY)}


def following(first: Iterable[Place]) -> set[Place]:
    """Recipes that change when some do: these, and all that are computed from their results."""
    found = set(first)
    for stage, after in itertools.pairwise(ONCE_A_VARIANT):
        if stage == "train":
            found |= {("train", student) for student, read in LEARN_FROM.items() if ("train", read) in found}
        found |= {(after, variant) for at, variant in found if at == stage}
    unevaluated = {variant for stage, variant in found if stage == "train"} & UNEVALUATED
    found |= {("aggregate/variant", variant) for variant in unevaluated}
    if any(stage == "aggregate/variant" for stage, _ in found):
        found.add(("aggregate/study", ""))
    for stage, after in itertools.pairwise(ONCE_A_STUDY):
        found |= {(after, "") for at, _ in found if at == stage}
    return found & everything()


def rules(places: Iterable[Place], apart: bool = False) -> Counter[str]:
    """How many jobs of which of Snakemake's rules compute these recipes.

    Args:
        places: the recipes.
        apart: whether those of `prepare` are different ones; otherwise they are shared as before.
    """
    found: Counter[str] = Counter()
    prepared = {variant for stage, variant in places if stage == "prepare"}
    for group in [{variant} for variant in prepared] if apart else [group & prepared for group in SHARED]:
        found["prepare"] += SEEDS if group & SPLIT_ANEW else bool(group)
    trained = {variant for stage, variant in places if stage == "train"}
    for stage, variant in places:
        if stage == "prepare" or (stage == "evaluate" and variant in trained):  # by the job that trains
            continue
        found[stage.replace("/", "_")] += SEEDS if stage in ("train", "evaluate") else 1
    return +found


TABLE = "\n".join(
    [
        "one;two;three;four;kind",
        *(
            ";".join(f"{draw.gauss(0, 1):.3f}" for _ in range(4)) + f";{'good' if index % 3 else 'bad'}"
            for draw in [random.Random(0)]
            for index in range(90)
        ),
        "",
    ]
)
"""The data of the variants that read a file."""

NETS = {
    "nets/__init__.py": "",
    "nets/small.py": """\
import math

from torch import nn

from nets.layers import layers


class Net(nn.Module):
    def __init__(self, shape, outputs, *, size: int = 4):
        super().__init__()
        self.layers = layers(math.prod(shape), size, outputs)

    def forward(self, inputs):
        return self.layers(inputs)
""",
    "nets/layers.py": """\
from torch import nn


def layers(inputs, size, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, size), nn.Tanh(), nn.Linear(size, outputs))
""",
}
"""The user's modules."""


def write(path: Path, study: Mapping[str, Any]) -> None:
    """A study file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.dump(dict(study), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True))


def lay_out(project: Path, users: Path) -> None:
    """Put the study and the data into a project, and the user's modules into a folder of their own."""
    write(project / "config/studies/small.yaml", STUDY)
    (project / "table.csv").write_text(TABLE)
    (project / "copy.csv").write_text(TABLE)
    (project / "commas.csv").write_text(TABLE.replace(";", ","))
    for name, text in NETS.items():
        (users / name).parent.mkdir(parents=True, exist_ok=True)
        (users / name).write_text(text)


def changed(key: tuple[str, ...], value: Any, study: Mapping[str, Any] = STUDY) -> dict[str, Any]:
    """A copy of the study with one value, at the place that its keys lead to."""
    found = copy.deepcopy(dict(study))
    inner = found
    for step in key[:-1]:
        inner = inner.setdefault(step, {})
    inner[key[-1]] = value
    return found
