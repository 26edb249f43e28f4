"""Settings that have parts in common are checked as if each stood alone."""

from __future__ import annotations

from typing import Any

import pytest
from assay.canonical import canonical_json
from assay.settings.base import Settings, is_same
from assay.settings.component import Component
from assay.settings.shared import SharedParts
from assay.settings.stages import STAGES
from assay.settings.study import StudySettings
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings

CONTENTS: tuple[Any, ...] = (
    {},
    {"training": {"epochs": 1}},
    {"training": {"epochs": 1.0}},  # equal to the one before in Python, and not valid
    {"training": {"epochs": True}},
    {"training": {"epochs": "1"}},
    {"training": {"learning_rate": 1}, "model": "mlp"},
    {
        "training": {"learning_rate": 1.0, "optimizer": {"name": "sgd", "momentum": 0.9}},
        "model": {"name": "mlp"},
    },
    {"training": {"optimizer": {"name": "sgd", "momentun": 0.9}}},
    {"training": {"callbacks": [{"name": "early_stopping", "patience": 3}], "augmentations": ["flip"]}},
    {"training": {"callbacks": [{"name": "early_stopping", "patience": "3"}]}},
    {"model": {"name": "autoencoder", "encoder": {"name": "mlp", "widths": [3]}}},
    {"model": {"name": "autoencoder", "encoder": {"name": "mlp", "width": [3]}}},
    {"model": None},
    {"model": {1: 2}},
    {"modle": "mlp"},
    {"data": "digits"},
    {"data": {"split": {"seed": "run"}}},
    {"data": {"split": {"seed": "walk"}}, "model": "mpl"},
    "mlp",
)


def test_what_is_valid_and_what_is_said_do_not_depend_on_what_was_checked_before() -> None:
    parts = SharedParts()
    for content in (*CONTENTS, *reversed(CONTENTS)):
        found, problems = parts.validate(VariantSettings, content)
        alone, expected = validate(VariantSettings, content)
        assert (found, problems) == (alone, expected), content
        assert repr(found) == repr(alone), content


def test_equal_parts_are_one_object() -> None:
    parts = SharedParts()
    one, _ = parts.validate(VariantSettings, {"model": "mlp", "training": {"epochs": 1, "optimizer": "sgd"}})
    other, _ = parts.validate(
        VariantSettings, {"model": "mlp", "training": {"epochs": 2, "optimizer": "sgd"}}
    )
    assert one is not None and other is not None
    assert one.model is other.model and one.training.optimizer is other.training.optimizer
    assert (one.training.epochs, other.training.epochs) == (1, 2)


@pytest.mark.parametrize("model", [VariantSettings, StudySettings, *STAGES.values()])
def test_a_default_that_is_a_component_names_it_alone(model: type[Settings]) -> None:
    """What of a default decides bytes is worked out once, whatever becomes of the component's code."""
    for name, field in model.model_fields.items():
        if isinstance(field.default, Component):
            assert not field.default.settings, name
        elif isinstance(field.default, Settings):
            test_a_default_that_is_a_component_names_it_alone(type(field.default))


VALUES = (
    None,
    True,
    False,
    0,
    1,
    1.0,
    -0.0,
    0.5,
    "",
    "1",
    (),
    [],
    (1,),
    [1],
    (1.0,),
    (True,),
    {},
    {"a": 1},
    {"a": 1.0},
)


@pytest.mark.parametrize("one", VALUES)
def test_values_are_the_same_whose_canonical_forms_are(one: Any) -> None:
    for other in VALUES:
        nested = [one, {"b": one}], [other, {"b": other}]
        assert is_same(one, other) == (canonical_json(one) == canonical_json(other)), other
        assert is_same(*nested) == (canonical_json(nested[0]) == canonical_json(nested[1])), other
