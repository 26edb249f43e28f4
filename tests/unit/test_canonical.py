"""The canonical form: settings that mean the same have one digest, others have another, for ever.

`golden/canonical.json` holds forms and digests as released. A change of one moves the address of results
that exist: its lines are never edited.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from assay.canonical import CONFIG_DIGITS, VERSION, canonical_json, digest
from assay.errors import UserError
from assay.recipe import Recipe
from assay.settings.base import Settings
from assay.settings.component import Component
from assay.settings.stages import STAGES
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings
from assay.study.overrides import flat, merge, nested
from assay.yamlfile import parse
from caches import forget
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

GOLDEN = Path(__file__).parent / "golden"
FORMS = json.loads((GOLDEN / "canonical.json").read_text())


def variant(written: dict[str, Any]) -> VariantSettings:
    """Complete settings of a variant from what a study's base would say."""
    named = {
        "data": {"source": {"name": "digits"}},
        "task": "classification",
        "model": {"name": "mlp"},
        "loss": {"name": "cross_entropy"},
        "training": {"optimizer": {"name": "adamw"}, "scheduler": {"name": "constant"}},
    }
    complete, wrong = validate(VariantSettings, merge(named, nested(written)))
    assert complete is not None, wrong
    return complete


def form(written: dict[str, Any]) -> str:
    return canonical_json(variant(written).identifying())


@pytest.mark.parametrize("case", FORMS["settings"], ids=lambda case: case["name"])
def test_released_forms_and_digests(case: dict[str, Any]) -> None:
    found = variant(parse(case["yaml"])).identifying()
    assert canonical_json(found) == case["canonical"]
    assert digest(found) == case["digest"]


@pytest.mark.parametrize("case", FORMS["recipes"], ids=lambda case: case["stage"])
def test_released_identities_of_recipes(case: dict[str, Any]) -> None:
    """The first half of an address, without the code's half, which moves with the code."""
    content, wrong = validate(STAGES[case["stage"]], case["settings"])
    assert content is not None, wrong
    recipe = Recipe(case["stage"], content, case["upstream"], environment=case["environment"], modules={})
    assert canonical_json(recipe.identity()) == case["canonical"]
    assert recipe.address.split("-")[0] == case["digest"][:CONFIG_DIGITS]
    assert digest(recipe.identity()) == case["digest"]


def test_the_version_is_part_of_the_form() -> None:
    assert VERSION == 1
    assert all('"version":1' in case["canonical"] for case in FORMS["recipes"])


# --- what makes no difference

WRITTEN: dict[str, Any] = {
    "data": {"source": "breast_cancer", "split": {"test": 0.3, "seed": "run"}, "standardize": False},
    "model": {"name": "mlp", "widths": [8, 4], "dropout": 0.25},
    "loss": {"name": "focal", "gamma": 1.5},
    "training": {"epochs": 3, "learning_rate": 0.01, "optimizer": {"name": "sgd", "momentum": 0.5}},
    "numerics": {"threads": 2, "dtype": "float64"},
}


def shuffled(value: Any, order: random.Random) -> Any:
    if not isinstance(value, dict):
        return value
    items = list(value.items())
    order.shuffle(items)
    return {key: shuffled(item, order) for key, item in items}


@examples(deadline=None, max_examples=25)
@given(st.randoms(use_true_random=False), st.booleans())
def test_the_order_and_the_nesting_of_keys(order: random.Random, dotted: bool) -> None:
    other = shuffled(flat(WRITTEN) if dotted else WRITTEN, order)
    if dotted:  # `loss.name` and `loss.gamma` in either order name the same loss
        other = shuffled(nested(other), order)
    assert form(other) == form(WRITTEN)


def spellings(value: float) -> list[str]:
    """Ways to write one number."""
    found = [
        repr(value),
        f"{value!r:0>40}".replace("0" * 20, "", 1),
        f"+{value!r}",
        f"{value:.17e}",
        f"{value:.25E}",
    ]
    if value.is_integer() and value < 1e15:
        found += [
            str(int(value)),
            f"{int(value)}.",
            f"{int(value)}.000",
            f"{int(value)}e0",
            f"{int(value)}0e-1",
        ]
    elif 1e-4 < value < 1:
        found += [repr(value).removeprefix("0"), repr(value) + "00"]
    return [text for text in found if float(text) == value]


@examples(deadline=None, max_examples=25)
@given(st.floats(min_value=1e-12, max_value=1e12) | st.integers(1, 10**9).map(float))
def test_the_spelling_of_a_number(value: float) -> None:
    forms = {form(parse(f"training: {{learning_rate: {text}}}")) for text in spellings(value)}
    assert len(forms) == 1


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        ("training.learning_rate", ["1e-2", "0.01", "1.0e-2", ".01", "1E-02", "0.0100"]),
        ("training.learning_rate", ["1", "1.0", "1e0", "+1", "10e-1", "01"]),
        ("model.dropout", ["0", "0.0", "-0.0", "-0", "0e5", "-.0"]),
        ("loss.gamma", ["0", "0.0", "-0.0"]),
        ("training.optimizer.weight_decay", ["0", "0.0", "-0.0", "-0"]),
        ("training.optimizer.betas", ["[0, 1]", "[0.0, 1.0]", "[-0.0, 1e0]"]),
    ],
)
def test_spellings_of_one_value_through_yaml(key: str, texts: list[str]) -> None:
    forms = {form({"loss.name": "focal", key: parse(text)}) for text in texts}
    assert len(forms) == 1


def leaves(content: Settings, at: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key → value of every setting of complete settings, those of components included."""
    items = (
        content.settings.items()
        if isinstance(content, Component)
        else [(name, getattr(content, name)) for name in type(content).model_fields]
    )
    for name, value in items:
        if isinstance(value, Settings):
            yield from leaves(value, f"{at}{name}.")
        else:
            yield f"{at}{name}", value


STARTS: list[dict[str, Any]] = [
    {},
    {"model": "cnn", "loss": "focal", "training": {"optimizer": "sgd", "scheduler": "cosine"}},
    {"training": {"optimizer": "adam", "scheduler": "step"}, "data": {"source": "breast_cancer"}},
]


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_a_key_given_at_its_default_is_no_key(start: dict[str, Any]) -> None:
    expected = form(start)
    everything = {}
    for key, value in leaves(variant(start)):
        assert form(merge(start, nested({key: value}))) == expected, key
        everything[key] = value
    assert form(merge(start, nested(everything))) == expected


def others(value: Any) -> list[Any]:
    """Values that may be valid where `value` is, and differ from it."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value + 2]
    if isinstance(value, float):
        return [value / 2 + 0.01, math.nextafter(value, 1)]
    if value == []:
        return [["noise"], ["early_stopping"], ["noise", "shift"], ["gradient_monitor"]]
    if isinstance(value, list):
        return [[*value, value[-1]], value[::-1] if value != value[::-1] else value[:1], [value[0] / 2]]
    words = ["last", "train", "validation", "float64", "max", "val_accuracy", "bf16", "fp16"]
    return [*words, 7, 8, 0.5, [1.0, 2.0]]


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_every_other_value_is_another_form(start: dict[str, Any]) -> None:
    seen = {form(start): "the defaults"}
    for key, value in leaves(variant(start)):
        changed = 0
        for other in others(value):
            try:
                found = form(merge(start, nested({key: other})))
            except AssertionError:
                continue
            assert found not in seen, f"{key}: {other!r} has the form of {seen[found]}"
            seen[found] = f"{key}: {other!r}"
            changed += 1
        assert changed, f"no other value is known for {key}"
    for key, name in (("model", "cnn"), ("loss", "focal"), ("training.optimizer", "sgd")):
        found = form(nested({key: name}))
        assert (found in seen) == (found == form(start))


# --- the form itself

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def typed(value: Any) -> Any:
    """A value in which `1`, `1.0` and `True` differ and zero has no sign."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if value == []:
        return [["noise"], ["early_stopping"], ["noise", "shift"], ["gradient_monitor"]]
    if isinstance(value, list):
        return [typed(item) for item in value]
    return (type(value).__name__, value + 0.0 if isinstance(value, float) else value)


@given(JSON)
def test_the_form_loses_nothing(value: Any) -> None:
    text = canonical_json(value)
    assert text.isascii()
    assert typed(json.loads(text)) == typed(value)
    assert canonical_json(json.loads(text)) == text


@given(JSON, JSON)
def test_two_values_have_two_forms(one: Any, other: Any) -> None:
    assume(typed(one) != typed(other))
    assert canonical_json(one) != canonical_json(other)
    assert digest(one) != digest(other)


def test_the_form_is_sorted_and_has_no_space() -> None:
    assert canonical_json({"b": [1, 1.0, (2, None)], "a": {"é": -0.0, "Z": True}}) == (
        '{"a":{"Z":true,"\\u00e9":0.0},"b":[1,1.0,[2,null]]}'
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_form(bad: float) -> None:
    for value in (bad, [bad], {"a": {"b": (1, bad)}}):
        with pytest.raises(ValueError):
            canonical_json(value)


@pytest.mark.parametrize("bad", [{1: 2}, {"a": {None: 1}}, {"a": {1, 2}}, [b"x"], object()])
def test_what_is_no_json_has_no_form(bad: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(bad)


@pytest.mark.parametrize("text", [".nan", ".inf", "-.inf", "1e999"])
@pytest.mark.parametrize("key", ["training.learning_rate", "model.dropout", "data.split.test"])
def test_settings_refuse_what_is_no_number(key: str, text: str) -> None:
    complete, wrong = validate(VariantSettings, nested({key: parse(text), "model.name": "mlp"}))
    assert complete is None
    assert any("finite" in said or "less than" in said for _, said in wrong), wrong


# --- a user's own component

OWN = """
import math
WIDTH = 8
class Net:
    def __init__(self, shape, outputs, *, anything=1, gamma: float = 2, pairs=((1, 2), (3, 4)),
                 limit: float = math.inf, width: int = WIDTH, flag: bool = False,
                 names: tuple[str, ...] = ("a",)):
        pass
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `own_canonical` of the user's in the current folder."""
    (tmp_path / "own_canonical.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    forget()


def own_form(**given: Any) -> str:
    return form({"model": {"name": "own_canonical:Net", **given}})


def test_a_setting_without_a_type_tells_values_apart_that_python_does_not(own: None) -> None:
    forms = [own_form(anything=value) for value in (1, True, 1.0, 0, False, 0.0, "1", None, [1])]
    assert len(set(forms)) == len(forms)


def test_a_float_field_with_a_whole_default(own: None) -> None:
    assert own_form() == own_form(gamma=2) == own_form(gamma=2.0)
    assert own_form(gamma=3) == own_form(gamma=3.0) != own_form()


def test_a_nested_default_given_as_yaml_writes_it(own: None) -> None:
    assert own_form(pairs=[[1, 2], [3, 4]]) == own_form()
    assert own_form(names=["a"]) == own_form() != own_form(names=["b"])


def test_a_default_that_is_computed_is_left_to_the_component(own: None) -> None:
    model = variant({"model": "own_canonical:Net"}).model
    assert "math.inf" not in model.settings.values()
    assert "WIDTH" not in model.settings.values()
    given = variant({"model": {"name": "own_canonical:Net", "width": 9}}).model
    assert given.settings["width"] == 9
    assert own_form(width=9) != own_form() != own_form(width=10)


@pytest.mark.parametrize("bad", [math.nan, [1.0, math.inf], {"a": [{1: 2}]}, {1, 2}, b"x"])
def test_a_setting_without_a_type_takes_plain_data_only(bad: Any, own: None) -> None:
    try:
        complete, wrong = validate(VariantSettings, {"model": {"name": "own_canonical:Net", "anything": bad}})
    except UserError:
        return
    assert complete is None
    assert wrong[0][0][:2] == ("model", "anything")
