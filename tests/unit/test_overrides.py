"""Overrides: dotted keys, merging, the text form of assignments."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from assay.errors import UserError
from assay.study.overrides import Whole, flat, merge, nested, parse_assignments
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.sampled_from(["a", "b", "c", "model", "widths"])
VALUES = st.one_of(st.integers(), st.booleans(), st.none(), st.text(max_size=3), st.lists(st.integers()))
TREES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    KEYS, st.recursive(VALUES, lambda inner: st.dictionaries(KEYS, inner, min_size=1), max_leaves=8)
)


def test_dotted_keys_become_nested() -> None:
    written = {"training.optimizer.name": "sgd", "training": {"epochs": 3}, "training.batch_size": 8}
    expected = {"training": {"optimizer": {"name": "sgd"}, "epochs": 3, "batch_size": 8}}
    assert nested(written) == expected
    assert nested({"a": {"b.c": 1}, "a.b.d": 2}) == {"a": {"b": {"c": 1, "d": 2}}}


def test_a_component_s_name_beside_its_settings() -> None:
    expected = {"training": {"optimizer": {"name": "sgd", "momentum": 0.5}}}
    assert nested({"training.optimizer": "sgd", "training.optimizer.momentum": 0.5}) == expected
    assert nested({"training.optimizer.momentum": 0.5, "training": {"optimizer": "sgd"}}) == expected
    with pytest.raises(UserError, match="twice"):
        nested({"training.optimizer": "sgd", "training.optimizer.name": "adam"})


def test_the_order_of_dotted_keys_decides_nothing() -> None:
    """A component's name after its settings does not make it start afresh."""
    written = {"training.optimizer.momentum": 0.5, "training.optimizer.name": "sgd", "training.epochs": 3}
    expected = {"training": {"optimizer": {"momentum": 0.5, "name": "sgd"}, "epochs": 3}}
    assert nested(written) == nested(dict(reversed(written.items()))) == expected


@pytest.mark.parametrize(
    "twice",
    [
        {"a.b": 1, "a": {"b": 2}},
        {"a": {"b": 2}, "a.b": 1},
        {"a": 5, "a.b": 1},
        {"a.b": 1, "a": 5},
        {"a": None, "a.b": 1},
        {"a": {"b.c": 1}, "a.b": {"c": 1}},
    ],
)
def test_a_thing_that_is_set_twice_is_refused(twice: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="twice"):
        nested(twice)


@given(TREES)
def test_nested_undoes_flat(tree: dict[str, Any]) -> None:
    assert nested(flat(tree)) == tree
    assert nested(tree) == tree


@given(TREES, TREES)
def test_merging_changes_neither_side_and_is_idempotent(base: dict[str, Any], change: dict[str, Any]) -> None:
    before = repr((base, change))
    once = merge(base, change)
    assert repr((base, change)) == before
    assert merge(once, change) == once
    assert merge({}, base) == base
    assert merge(base, {}) == base


def test_mappings_merge_and_everything_else_replaces() -> None:
    base = {"training": {"epochs": 3, "batch_size": 8}, "widths": [1, 2]}
    assert merge(base, {"training": {"epochs": 5}}) == {
        "training": {"epochs": 5, "batch_size": 8},
        "widths": [1, 2],
    }
    assert merge(base, {"widths": [3]})["widths"] == [3]
    assert merge(base, {"training": None})["training"] is None


def test_another_component_starts_afresh_and_the_same_keeps_its_settings() -> None:
    base = {"model": {"name": "mlp", "widths": [8], "dropout": 0.1}}
    assert merge(base, {"model": "cnn"}) == {"model": "cnn"}
    assert merge(base, {"model": {"name": "cnn", "dropout": 0.2}}) == {
        "model": {"name": "cnn", "dropout": 0.2}
    }
    assert merge(base, {"model": "mlp"}) == base
    assert merge(base, {"model": {"name": "mlp", "dropout": 0.2}})["model"]["widths"] == [8]
    assert merge({"model": "mlp"}, {"model": {"dropout": 0.2}}) == {"model": {"name": "mlp", "dropout": 0.2}}


def test_a_preset_replaces_whatever_stood_there() -> None:
    base = {"model": {"name": "mlp", "widths": [8], "dropout": 0.1}}
    content = {"name": "mlp", "widths": [2]}
    assert merge(base, {"model": Whole(content, "small.yaml", content)}) == {"model": content}


def test_assignments_are_yaml_values() -> None:
    text = (
        "training.epochs=5 model.widths=[64,64] 'loss={name: focal, gamma: 1e-3}' a= b='x y' c=\"'7'\" d=x=y"
    )
    assert parse_assignments(text) == {
        "training.epochs": 5,
        "model.widths": [64, 64],
        "loss": {"name": "focal", "gamma": 0.001},
        "a": None,
        "b": "x y",
        "c": "7",
        "d": "x=y",
    }
    assert parse_assignments("") == {}
    assert parse_assignments("  \n ") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs", "'epochs' is not key=value"),
        ("=3", "'=3' is not key=value"),
        ("a=1 a=1", "a is set twice"),
        ("a='1", "No closing quotation"),
        ("a=[1", "not valid YAML"),
        ("a={b: 1, b: 2}", "not valid YAML"),
        ("'a={b: 1, b: 2}'", "'b' stands twice"),
        ("a=!!python/none", "tag"),
    ],
)
def test_a_wrong_assignment_is_named(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_assignments(text)
    assert str(caught.value).startswith("set: ")
    assert said in str(caught.value)


@given(st.text(max_size=30))
def test_any_assignment_is_a_mapping_or_a_user_error(text: str) -> None:
    with suppress(UserError):
        nested(parse_assignments(text))


def test_flat_shows_what_a_variant_changes() -> None:
    assert flat({"a": {"b": 1, "c": {}}, "d.e": [1]}) == {"a.b": 1, "a.c": {}, "d.e": [1]}
